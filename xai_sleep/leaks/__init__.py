"""Mistakes of published practice, and nothing else: no other package knows of them."""
