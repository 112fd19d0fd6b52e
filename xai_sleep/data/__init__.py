"""Recordings, windows, folds and what a fold feeds to a network."""
