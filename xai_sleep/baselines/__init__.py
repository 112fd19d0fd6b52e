"""What a network must be compared with, on the same recordings, windows and folds."""
