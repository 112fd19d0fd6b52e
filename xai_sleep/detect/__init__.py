"""From windows to events: sliding, thresholds, and the search for them."""
