"""Keys of a tracked run: one scheme for folds, summaries and baselines.

::

    train/loss  val/loss  val/f1 …          every epoch of a fold
    test/f1  events/f1  maps/…/pointing …   once a fold
    test/f1/mean  …/std  …/low  …/high      over folds, and the interval over subjects
    test/f1/pooled                          all test windows together
    baselines/<name>/test/f1/mean …         the same of a baseline
"""

from xai_sleep.results.scores import MEAN, MODEL, POOLED, Score, Scores

PREDICTIONS, DETECTIONS = "test/predictions", "events/detections"
ROC, PRECISION_RECALL, CONFUSION = "test/roc", "test/precision_recall", "test/confusion"
EXAMPLES, FIGURES = "maps/examples", "figures"
SCORES, FOLDS = "tables/scores", "tables/folds"

# Parts of the table of scores that have keys, and the first word of these.
PARTS = {"windows": "test", "windows_at_half": "test_at_half", "events": "events", "maps": "maps"}
OVER = ("all", "n2n3", "true_positives", "positives")
OF_BASELINES = ("f1", "auroc")  # beside the network's
COUNTS = ("windows", "blank", "events", "detections", "matched", "minutes")


def keyed(scores: Scores) -> dict[str, Score]:
    """Figures with keys of their own; all others are in the table of scores alone.

    Examples
    --------
    >>> list(keyed(Scores([Score("maps", "gradcam", "positives", "blank", "excerpt1")])))
    ['maps/positives/counts/blank']
    """
    main = next(iter(scores.select(part="maps").distinct("who")), "")
    return {_key(row): row for row in scores if _has_key(row, main)}


def numbers(scores: Scores) -> dict[str, float]:
    """Values by key; what is undefined is left out, never 0.

    Examples
    --------
    >>> numbers(Scores([Score("windows", "model", "all", "f1", "pooled", 0.5, 0.4, 0.6)]))
    {'test/f1/pooled': 0.5, 'test/f1/low': 0.4, 'test/f1/high': 0.6}
    """
    found: dict[str, float | None] = {}
    for key, row in keyed(scores).items():
        found[key] = row.value
        ends = {POOLED: {"low": row.low, "high": row.high}, MEAN: {"std": row.sd}}
        found |= {f"{key.rpartition('/')[0]}/{e}": v for e, v in ends.get(row.fold, {}).items()}
    return {key: value for key, value in found.items() if value is not None}


def _has_key(row: Score, main: str) -> bool:
    if row.part not in PARTS or row.over not in OVER:
        return False
    if row.part == "maps":
        return row.who == main
    return row.who == MODEL or (row.over == "all" and row.metric in OF_BASELINES)


def _key(row: Score) -> str:
    maps, counts = row.part == "maps", row.metric in COUNTS
    words = ["baselines", row.who] * (not maps and row.who != MODEL)
    words += [PARTS[row.part] + "_n2n3" * (row.over == "n2n3"), *[row.over] * maps]
    # the same word may count and, pooled, be a score
    words += ["counts"] * counts + [row.metric]
    words += [row.fold] * (row.fold in (POOLED, MEAN) and not counts)
    return "/".join(words)
