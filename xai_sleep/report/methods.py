"""How a run was done, in sentences, from its record."""

from collections import Counter

from xai_sleep.recordings.subjects import UNKNOWN
from xai_sleep.report.template import fill
from xai_sleep.results.run import RunRecord
from xai_sleep.results.stamp import SYNTHETIC


def methods(record: RunRecord) -> list[str]:
    """Sentences on data, folds, training, events, intervals and maps: ``methods.txt``, filled."""
    simulated = record.data == SYNTHETIC
    context = {
        "record": record,
        "simulated": simulated,
        "alone": [r.record for r in record.records if UNKNOWN in r.notes and not simulated],
        "detected": detectors(record),
        "chosen_on": Counter(fold.detector.chosen_on for fold in record.folds).most_common(),
        "subjects": len({each.subject for each in record.records}),
    }
    return fill("methods.txt", context).splitlines()


def detectors(record: RunRecord) -> str:
    """Say, without a full stop, in which activation events were detected, and in how many folds."""
    counts = Counter(fold.detector.activation for fold in record.folds)
    folds = [f"{name} in {n} fold{'s' * (n > 1)}" for name, n in counts.most_common()]
    return f"detected in the activation {', '.join(folds)}"
