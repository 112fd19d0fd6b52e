"""A workspace and a report on Weights & Biases, as code: ``python -m xai_sleep.dashboard``."""
