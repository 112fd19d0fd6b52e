"""Weights & Biases: one run per fold and one for the summary; offline by default.

:mod:`~xai_sleep.tracking.observer` says what runs hold, :mod:`~xai_sleep.tracking.names` under
which keys; :mod:`~xai_sleep.tracking.runs` opens and closes them.
"""
