"""Runs to be compared, made up by hand."""

from tests.support.pages import scored
from xai_sleep.results.files import Leak, Stamp
from xai_sleep.results.scores import MODEL, Difference, Pair, Row, Score, Scores

WINDOWS = ("accuracy", "sensitivity", "specificity", "precision", "f1", "auroc")
LEAKS = (Leak("carried_weights", "weights"), Leak("scaling_on_all", "scales"))


def scores_of_run(*, maps: bool = True, events: bool = True, auroc: bool = True) -> Scores:
    """Score windows .11, .21, … in the order of :data:`WINDOWS`."""
    values = {name: (i + 1) / 10 + 0.01 for i, name in enumerate(WINDOWS)}
    rows: list[Score] = list(scored("windows", values))
    if not auroc:
        rows = [row for row in rows if row.metric != "auroc"]
    if events:
        rows += scored("events", {"f1": 0.66})
    if maps:
        rows += scored("maps", {"pointing": 0.71}, "gradcam", "true_positives")
        rows += scored("maps", {"pointing_uniform": 0.31}, "gradcam", "true_positives")
    return Scores(rows)


def row(
    run: str,
    data: str = "synthetic",
    *,
    model: str = "CNN1d",
    scores: Scores | None = None,
    leaks: tuple[Leak, ...] = (),
    baseline: bool = False,
) -> Row:
    """Make a run on REM, or its baseline."""
    return Row(
        run=run,
        data=data,
        task="rem",
        cv="loso",
        model=model,
        folds=2,
        scores=scores or scores_of_run(),
        stamp=Stamp(data.split()[0], leaks),
        who="always" if baseline else MODEL,
        explainer="gradcam",
    )


PAIR = Pair(
    1,
    2,
    (
        Difference("windows", "f1", 0.5, 0.375, 0.0625, 0.25, 0.0156, 7),
        Difference("windows", "auroc", 0.875, 0.75, None, None, None, 0),
        Difference("events", "f1", 0.25, 0.5, -0.5, -0.125, 0.03125, 6),
    ),
)
