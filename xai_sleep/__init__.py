"""Detect sleep micro-events with small CNNs, and score where the networks look.

Read :mod:`xai_sleep.experiment.run` first: one experiment as a page of prose; the README explains
the words used throughout. What is named here is imported when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xai_sleep.coherence.wtc import Scalogram as Scalogram
    from xai_sleep.coherence.wtc import WaveletCoherence as WaveletCoherence
    from xai_sleep.explain.callback import GradCamCallback as GradCamCallback
    from xai_sleep.metrics.events import event_scores as event_scores
    from xai_sleep.metrics.maps import localisation as localisation
    from xai_sleep.metrics.windows import window_scores as window_scores
    from xai_sleep.models.classifier import EventClassifier as EventClassifier
    from xai_sleep.recordings.marks.arrays import from_arrays as from_arrays
    from xai_sleep.recordings.marks.arrays import from_mask as from_mask
    from xai_sleep.recordings.recording import Recording as Recording
    from xai_sleep.recordings.recording import Scoring as Scoring
    from xai_sleep.recordings.simulated import simulate as simulate
    from xai_sleep.results.events import Events as Events
    from xai_sleep.results.run import RunRecord as RunRecord
    from xai_sleep.results.scores import Scores as Scores
    from xai_sleep.results.test_windows import TestWindows as TestWindows

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
    "from_arrays": "recordings.marks.arrays",
    "from_mask": "recordings.marks.arrays",
    "localisation": "metrics.maps",
    "simulate": "recordings.simulated",
    "window_scores": "metrics.windows",
}


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for: ``--help`` need not wait for torch."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
