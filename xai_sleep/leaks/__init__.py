"""Mistakes of published practice, made on purpose to measure what each adds to a score.

The test windows to be scored are those of the clean experiment, each tested once, so that a
difference between the two is due to the leak; only unscored time counted as negative adds some.
"""
