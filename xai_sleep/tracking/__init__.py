"""Weights & Biases: one run per fold and one for the summary; offline by default."""
