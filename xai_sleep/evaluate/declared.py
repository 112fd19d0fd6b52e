"""What a run says of its metrics and its recordings."""

from collections.abc import Iterable, Sequence

import numpy as np

from xai_sleep.errors import InputError
from xai_sleep.explain import faithfulness, sanity
from xai_sleep.metrics import events, maps, windows
from xai_sleep.metrics.metric import Metric
from xai_sleep.metrics.windows import WindowMetric
from xai_sleep.recordings.recording import Recording
from xai_sleep.results.run import RecordSummary

_GROUPS = (
    *(windows.METRICS, windows.CALIBRATION, events.METRICS, events.COUNTS),
    *(maps.METRICS, maps.COUNTS),
    *(faithfulness.METRICS, faithfulness.CURVES, faithfulness.COUNTS, sanity.METRICS),
)
BUILT_IN = tuple({metric.name: metric for group in _GROUPS for metric in group}.values())


def declared(further: Iterable[WindowMetric] = ()) -> list[Metric]:
    """List the built-in metrics and those of a user's own; InputError if a name is taken."""
    found = {metric.name: metric for metric in BUILT_IN}
    for each in further:
        if each.name in found:
            taken = f"is called {each.name}, as {found[each.name].label} is already"
            raise InputError(f"a metric of your own (conf/metrics) {taken}; give it another name")
        found[each.name] = Metric(each.name, each.label, each.unit, each.best)
    return list(found.values())


def describe(recordings: Sequence[Recording]) -> list[RecordSummary]:
    """Describe recordings, without signals and anything personal."""
    found = []
    for each in recordings:
        scored = float(np.diff(each.scored, axis=1).sum())
        counted = int(events.contains(each.scored, each.events.mean(axis=1)).sum())
        what = (each.record, each.subject, each.duration, scored, len(each.events), counted)
        found.append(RecordSummary(*what, list(each.notes)))
    return found
