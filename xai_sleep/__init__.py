"""Detect sleep micro-events with small CNNs, and score where the networks look.

Read :mod:`xai_sleep.experiment.run` first: one experiment as a page of prose; the README explains
the words used throughout. What is named here is imported when it is asked for.
"""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"

_WHERE = {
    "EventClassifier": "models.classifier",
    "Events": "results.events",
    "GradCamCallback": "explain.callback",
    "Recording": "recordings.recording",
    "RunRecord": "results.run",
    "Scalogram": "coherence.wtc",
    "Scores": "results.scores",
    "Scoring": "recordings.recording",
    "TestWindows": "results.test_windows",
    "WaveletCoherence": "coherence.wtc",
    "event_scores": "metrics.events",
    "localisation": "metrics.maps",
    "simulate": "recordings.simulated",
    "window_scores": "metrics.windows",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: ``--help`` need not wait for torch."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
