"""Detect sleep micro-events with small CNNs, and score where the networks look.

Read :mod:`xai_sleep.experiment.run` first: one experiment as a page of prose. The words used
throughout (record, event, scored time, window, fold, image, map) are explained in the README.
"""

__version__ = "0.1.0"
