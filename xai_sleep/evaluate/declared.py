"""The metrics of a run, built-in and of a user's own."""

from collections.abc import Iterable

from xai_sleep.errors import InputError
from xai_sleep.explain import faithfulness, sanity
from xai_sleep.metrics import events, maps, windows
from xai_sleep.metrics.metric import Metric
from xai_sleep.metrics.windows import WindowMetric

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
