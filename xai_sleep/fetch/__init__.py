"""Fetching recordings that others publish."""
