"""Weights & Biases: one run per fold and one for the summary; offline by default.

:mod:`~xai_sleep.tracking.runs` opens and closes runs, :mod:`~xai_sleep.tracking.content` says what
they hold, :mod:`~xai_sleep.tracking.names` under which keys.
"""
