"""Scores of windows, events and maps, and the statistics around them; no torch."""
