"""Every figure of a fold, and of a run."""

from xai_sleep.evaluate import events, maps, windows
from xai_sleep.evaluate.judged import Judged
from xai_sleep.results.scores import Score


def score_fold(judged: Judged) -> list[Score]:
    """Rows of one fold of a network: of windows, events and maps, and those it brought along."""
    found = windows.fold_rows(judged) + events.fold_rows(judged) + _brought(judged)
    return found + (maps.fold_rows(judged) if _explained(judged) else [])


def score_run(judged: Judged) -> list[Score]:
    """All rows of a network: of each fold, mean ± sd over folds, pooled with intervals."""
    found = windows.fold_rows(judged) + windows.all_rows(judged) + windows.calibration_rows(judged)
    found += events.fold_rows(judged) + events.all_rows(judged) + _brought(judged)
    for method in judged.judging.methods if _explained(judged) else ():
        found += maps.explainer_rows(judged, method)
    return found


def score_baseline(judged: Judged, no_events: str = "") -> list[Score]:
    """All rows of a baseline; ``no_events`` says why it is scored on windows alone, if it is."""
    found = windows.fold_rows(judged) + windows.all_rows(judged)
    if no_events:
        return found + events.no_rows(judged, no_events)
    return found + events.fold_rows(judged) + events.all_rows(judged)


def _brought(judged: Judged) -> list[Score]:
    return [row for each in judged.outcomes if each.record for row in each.record.scores]


def _explained(judged: Judged) -> bool:
    return all(outcome.maps.size for outcome in judged.outcomes)
