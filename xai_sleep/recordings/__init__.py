"""Recordings: signals of a night with what experts said about it, from any source."""
