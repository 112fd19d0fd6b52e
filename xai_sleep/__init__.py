"""Detect sleep micro-events with small CNNs, and score where the networks look.

Read :mod:`xai_sleep.experiment.run` first: one experiment as a page of prose. The words used
throughout (record, event, scored time, window, fold, input, map) are explained in the README.

The science needs neither Lightning nor Hydra; what is named here is imported when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xai_sleep.coherence.wtc import Scalogram, WaveletCoherence
    from xai_sleep.explain.callback import GradCamCallback
    from xai_sleep.metrics.events import event_scores
    from xai_sleep.metrics.maps import localisation
    from xai_sleep.metrics.windows import window_scores
    from xai_sleep.models.classifier import EventClassifier
    from xai_sleep.recordings.recording import Recording, Scoring
    from xai_sleep.recordings.simulated import simulate
    from xai_sleep.results.events import Events
    from xai_sleep.results.run import RunRecord
    from xai_sleep.results.scores import Scores
    from xai_sleep.results.test_windows import TestWindows

__version__ = "0.2.0"

_WHERE = {
    **dict.fromkeys(("Recording", "Scoring"), "recordings.recording"),
    "simulate": "recordings.simulated",
    **dict.fromkeys(("Scalogram", "WaveletCoherence"), "coherence.wtc"),
    "EventClassifier": "models.classifier",
    "GradCamCallback": "explain.callback",
    "window_scores": "metrics.windows",
    "event_scores": "metrics.events",
    "localisation": "metrics.maps",
    "TestWindows": "results.test_windows",
    "Events": "results.events",
    "Scores": "results.scores",
    "RunRecord": "results.run",
}
__all__ = [
    "EventClassifier",
    "Events",
    "GradCamCallback",
    "Recording",
    "RunRecord",
    "Scalogram",
    "Scores",
    "Scoring",
    "TestWindows",
    "WaveletCoherence",
    "event_scores",
    "localisation",
    "simulate",
    "window_scores",
]


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for: ``--help`` need not wait for torch."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
