"""Mistakes of published practice, made on purpose to measure what each adds to a score.

The test windows scored are those of the clean experiment, but where unscored time adds some.
"""
