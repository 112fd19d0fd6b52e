"""Mistakes of published practice, made on purpose to measure them."""
