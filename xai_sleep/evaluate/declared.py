"""What every score is called: the declarations of all metrics together."""

from collections.abc import Sequence

from xai_sleep.errors import InputError
from xai_sleep.explain import faithfulness, sanity
from xai_sleep.metrics import events, maps, windows
from xai_sleep.metrics.metric import Metric
from xai_sleep.metrics.windows import WindowMetric

BUILT_IN = tuple(
    {
        metric.name: metric
        for group in (
            *(windows.METRICS, windows.CALIBRATION, events.METRICS, events.COUNTS),
            *(maps.METRICS, maps.COUNTS),
            *(faithfulness.METRICS, faithfulness.CURVES, faithfulness.COUNTS, sanity.METRICS),
        )
        for metric in group
    }.values()
)


def declared(further: Sequence[WindowMetric] = ()) -> list[Metric]:
    """List the built-in metrics and those of a user's own.

    Raises InputError if one of these takes a name that is taken.
    """
    found = {metric.name: metric for metric in BUILT_IN}
    for each in further:
        if each.name in found:
            raise InputError(
                f"a metric of your own (conf/metrics) is called {each.name}, as "
                f"{found[each.name].label} is already; give it another name"
            )
        found[each.name] = Metric(each.name, each.label, each.unit, each.best)
    return list(found.values())
