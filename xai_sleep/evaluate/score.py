"""Every figure of a fold, and of a run."""

from xai_sleep.evaluate import events, maps, windows
from xai_sleep.evaluate.explainers import explainer_rows
from xai_sleep.evaluate.tested import Tested
from xai_sleep.results.scores import Score


def score_fold(tested: Tested) -> list[Score]:
    """Rows of one fold of a network: of windows, events and maps, and those it brought along."""
    found = windows.fold_rows(tested) + events.fold_rows(tested) + _brought(tested)
    return found + (maps.fold_rows(tested) if _explained(tested) else [])


def score_run(tested: Tested) -> list[Score]:
    """All rows of a network: of each fold, mean ± sd over folds, pooled with intervals.

    Those of one fold alone are as :func:`score_fold` makes them.
    """
    found = windows.fold_rows(tested) + windows.all_rows(tested) + windows.calibration_rows(tested)
    found += events.fold_rows(tested) + events.all_rows(tested) + _brought(tested)
    for method in tested.judging.methods if _explained(tested) else ():
        found += explainer_rows(tested, method)
    return found


def score_baseline(tested: Tested, no_events: str = "") -> list[Score]:
    """All rows of a baseline, made by the code that scores a network.

    Parameters
    ----------
    tested : Tested
        Its outcomes, with the truth they are compared with.
    no_events : str
        Why it is scored on windows alone; empty if it is scored on events too.
    """
    found = windows.fold_rows(tested) + windows.all_rows(tested)
    if no_events:
        return found + events.no_rows(tested, no_events)
    return found + events.fold_rows(tested) + events.all_rows(tested)


def _brought(tested: Tested) -> list[Score]:
    return [row for each in tested.outcomes if each.record for row in each.record.scores]


def _explained(tested: Tested) -> bool:
    return all(outcome.maps.size for outcome in tested.outcomes)
