"""Summaries of ``results.json`` as tables of a page: text, with the reasons for what is missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NAMES = {
    "f1": "F1",
    "mcc": "Matthews correlation",
    "kappa": "Cohen's κ",
    "auroc": "AUROC",
    "brier": "Brier score (0 is best)",
    "iou": "intersection over union",
    "rank": "rank accuracy",
    "pointing": "pointing game",
    "mass": "relevance inside events",
    "onset_error": "onset error (s)",
    "onset_bias": "onset bias (s)",
    "offset_error": "offset error (s)",
    "offset_bias": "offset bias (s)",
    "sample_f1": "F1 of samples",
    "sample_kappa": "Cohen's κ of samples",
    "sample_mcc": "Matthews correlation of samples",
}
MISSING = {"ci95": "No 95 % interval", "std": "No sd", "mean": "No mean", "pooled": "Not pooled"}
SUMMARY_KEYS = {"mean", "std", "ci95", "pooled"}


@dataclass(frozen=True)
class ScoreRow:
    """A score as text."""

    name: str
    pooled: str
    interval: str
    mean: str
    folds: str


@dataclass(frozen=True)
class ScoreTable:
    """Scores under a title; reasons say why a value is missing, each reason once."""

    title: str
    rows: Sequence[ScoreRow]
    reasons: Sequence[str]


def number(value: float | None, digits: int = 3) -> str:
    """Round a number; a dash for an undefined one."""
    return "–" if value is None else f"{value:.{digits}f}"


def interval(bounds: Sequence[float] | None) -> str:
    """Both ends; a dash where there is no interval."""
    return "–" if bounds is None else f"{number(bounds[0])} to {number(bounds[1])}"


def name_of(score: str) -> str:
    """Words for the key of a score.

    Examples
    --------
    >>> name_of("pointing_uniform"), name_of("f1")
    ('pointing game, uniform', 'F1')
    """
    if score in NAMES:
        return NAMES[score]
    stem, _, rest = score.partition("_")
    return f"{NAMES[stem]}, {rest.replace('_', ' ')}" if stem in NAMES else score.replace("_", " ")


def score_table(title: str, scores: Mapping[str, Any]) -> ScoreTable:
    """Make a table of summaries; what is no summary is left out."""
    rows = []
    reasons: dict[tuple[str, str], list[str]] = {}
    for name, one in scores.items():
        if not is_summary(one):
            continue
        sd = "" if one["std"] is None else f" ± {number(one['std'])}"
        mean = number(one["mean"]) + sd
        row = (number(one["pooled"]), interval(one["ci95"]), mean, str(one.get("folds", "")))
        rows.append(ScoreRow(name_of(name), *row))
        for part, why in one.get("undefined", {}).items():
            reasons.setdefault((part, why), []).append(name_of(name))
    said = []
    for (part, why), names in reasons.items():
        which = "all scores" if len(names) == len(rows) else ", ".join(names)
        said.append(f"{MISSING.get(part, part)} ({which}): {why}")
    return ScoreTable(title, rows, said)


def score_tables(title: str, tree: Any) -> Iterator[ScoreTable]:
    """Make a table of every mapping in a tree that holds summaries, titled by where it stands."""
    if not isinstance(tree, Mapping):
        return
    if any(is_summary(value) for value in tree.values()):
        yield score_table(title, tree)
    for name, value in tree.items():
        if not is_summary(value):
            yield from score_tables(f"{title}: {name.replace('_', ' ')}", value)


def is_summary(value: Any) -> bool:
    """Whether a value has the form of a summary over folds."""
    return isinstance(value, Mapping) and value.keys() >= SUMMARY_KEYS


def fold_table(folds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Head and rows of the table of folds."""
    names = [name for name in folds[0]["windows"] if name != "undefined"]
    head = ["fold", "windows", "with an event", "threshold", *map(name_of, names)]
    rows = [
        [
            fold["name"],
            fold["counts"]["test"]["windows"],
            fold["counts"]["test"]["positive"],
            number(fold["threshold"]),
            *(number(fold["windows"][name]) for name in names),
        ]
        for fold in folds
    ]
    return {"head": head, "rows": rows}


def beside_baselines(found: Mapping[str, Any]) -> dict[str, Any]:
    """Head and rows of the table that sets the network among the baselines; empty without them."""
    summary, baselines = found["summary"], found.get("baselines", {})
    network = {"windows": summary["windows"], "events": summary.get("events")}
    rows = [
        [name, *(_f1(one.get(key)) for key in ("windows", "events")), one.get("description", "")]
        for name, one in {"the network": network, **baselines}.items()
    ]
    head = ["", "F1 of windows [95 %]", "F1 of events [95 %]", "what it is"]
    return {"head": head, "rows": rows if baselines else []}


def _f1(scores: Mapping[str, Any] | None) -> str:
    one = (scores or {}).get("f1")
    if not one or one["pooled"] is None:
        return "–"
    return number(one["pooled"]) + (f" [{interval(one['ci95'])}]" if one["ci95"] else "")


def explainer_table(explainers: Mapping[str, Any]) -> dict[str, Any]:
    """Head and rows of the table of methods: what each scores on true positives."""
    head = ["method", "pointing game", "95 % interval", "chance", "separation", "sanity"]
    rows = []
    for method, found in explainers.items():
        maps = found.get("maps", {}).get("true_positives", {})
        pointing, chance = maps.get("pointing", {}), maps.get("pointing_uniform", {})
        faithful = found.get("faithfulness", {}).get("true_positives", {})
        passed = found.get("sanity", {}).get("random_weights", {}).get("passed")
        row = [
            method,
            number(pointing.get("pooled")),
            interval(pointing.get("ci95")),
            number(chance.get("pooled")),
            number(faithful.get("separation", {}).get("pooled")),
            {True: "passed", False: "failed"}.get(passed, "–"),
        ]
        rows.append(row)
    return {"head": head, "rows": rows}


def flat(tree: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Name and text of every setting."""
    if isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            yield from flat(value, f"{name}.{key}" if name else str(key))
    else:
        yield name, str(tree)
