"""Scores of what was found, with chance and intervals."""
