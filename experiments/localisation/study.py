"""Tables of the study: localisation, faithfulness, sanity, and signals against images.

Reads finished runs, which hold their maps and marks, and writes ``tables.md``::

    python -m experiments.localisation.study outputs/localisation --out experiments/localisation
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.localisation.paired import compare, pairs
from experiments.localisation.runs import Run, load
from xai_sleep.errors import InputError, leave
from xai_sleep.results.directory import write_text

PAIRED = ("gradcam", "hirescam", "integrated_gradients", "occlusion")
UNKNOWN = "–"


def tables(runs: Sequence[Run]) -> str:
    """All tables as Markdown, those of simulated recordings told as such."""
    parts = []
    for data in dict.fromkeys(run.results["data"] for run in runs):
        of_data = [run for run in runs if run.results["data"] == data]
        title = "SIMULATED recordings" if data == "synthetic" else f"{data} recordings"
        parts += [f"# Where networks look: {title}", *_sections(of_data)]
    return "\n\n".join(parts) + "\n"


def _sections(runs: Sequence[Run]) -> list[str]:
    return [
        "## Localisation of true positives\n\nChance is what a uniform map scores there.",
        _table(
            ("explainer", "windows", "blank", "pointing [95 %]", "chance", "mass [95 %]", "AP"),
            runs,
            _localisation,
        ),
        "## By subject\n\nPointing, and chance for a uniform map.",
        *(_by_subject(run) for run in runs),
        "## Faithfulness on true positives\n\nAreas between curves: least less most relevant "
        "first, and either against random order. 0: no better than chance.",
        _table(
            ("explainer", "separation [95 %]", "deletion gain", "insertion gain", "skipped"),
            runs,
            _faithfulness,
        ),
        "## Sanity\n\nRank correlation with the trained network's maps once all weights are "
        "random (passed below .5), and where maps of random weights point.",
        _table(
            ("explainer", "correlation", "passed", "pointing at random", "gain [95 %]", "shuffled"),
            runs,
            _sanity,
        ),
        "## Signals against images\n\nOn the true positives of both; differences are first less "
        "second, p by exchanging the runs within subjects.",
        _paired(runs),
    ]


def _localisation(found: Mapping[str, Any]) -> list[str]:
    maps = found["maps"]["true_positives"]
    return [
        *(str(maps["counts"][key]) for key in ("windows", "blank")),
        _with_interval(maps["pointing"]),
        _number(maps["pointing_uniform"]["pooled"]),
        _with_interval(maps["mass"]),
        _number(maps["average_precision"]["pooled"]),
    ]


def _faithfulness(found: Mapping[str, Any]) -> list[str]:
    scores = found.get("faithfulness", {}).get("true_positives")
    if scores is None:
        return [UNKNOWN] * 4
    return [
        _with_interval(scores["separation"]),
        *(_number(scores[key]["pooled"]) for key in ("deletion_gain", "insertion_gain")),
        str(scores["counts"]["skipped"]),
    ]


def _sanity(found: Mapping[str, Any]) -> list[str]:
    sanity = found.get("sanity", {})
    random, shuffled = sanity.get("random_weights"), sanity.get("shuffled_labels")
    if random is None:
        return [UNKNOWN] * 5
    return [
        _number(random["final"]["pooled"]),
        {True: "yes", False: "no", None: UNKNOWN}[random["passed"]],
        _number(random["maps"]["pointing"]["pooled"]),
        _with_interval(random["maps"]["pointing_gain"]),
        _number(shuffled["final"]["pooled"]) if shuffled else UNKNOWN,
    ]


def _table(head: Sequence[str], runs: Sequence[Run], row_of: Any) -> str:
    rows = [
        [run.model, *_place(run), f"`{method}`", *row_of(found)]
        for run in runs
        for method, found in run.explainers.items()
    ]
    return _markdown(["model", "task", "CV", *head], rows)


def _by_subject(run: Run) -> str:
    hit, subject = run.true_positive, run.subject
    people = sorted(set(subject))
    chance = run.scores("uniform", "pointing") if "uniform" in run.explainers else None
    rows = []
    for method in run.explainers:
        score = run.scores(method, "pointing")
        rows.append([f"`{method}`", *(_mean(score[hit & (subject == who)]) for who in people)])
    if chance is None:
        rows.append(["chance", *[UNKNOWN] * len(people)])
    head = [f"{run.model} {' '.join(_place(run))}", *people]
    counts = ["true positives", *(str(int((hit & (subject == who)).sum())) for who in people)]
    return _markdown(head, [counts, *rows])


def _paired(runs: Sequence[Run]) -> str:
    rows = []
    for one, other in pairs(runs):
        shared = [m for m in PAIRED if m in one.explainers and m in other.explainers]
        for found in (compare(one, other, m, k) for m in shared for k in ("pointing", "mass")):
            rows.append(
                [
                    found.signals,
                    found.images,
                    *_place(one),
                    f"`{found.method}`",
                    found.measure,
                    f"{found.windows} of {found.subjects}",
                    _number(found.first),
                    _number(found.second),
                    _interval(found.ci95),
                    _number(found.p),
                ]
            )
    head = ["signals", "images", "task", "CV", "explainer", "measure", "windows of subjects"]
    return _markdown([*head, "first", "second", "95 % of difference", "p"], rows)


def _place(run: Run) -> list[str]:
    _, task, scheme, _ = run.protocol
    return [task, scheme]


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"


def _mean(values: Any) -> str:
    defined = values[~np.isnan(values)]
    return _number(float(defined.mean()) if len(defined) else None)


def _interval(ci95: Sequence[float] | None) -> str:
    return UNKNOWN if ci95 is None else f"[{ci95[0]:.2f}, {ci95[1]:.2f}]"


def _with_interval(score: Mapping[str, Any]) -> str:
    return f"{_number(score['pooled'])} {_interval(score['ci95'])}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the tables of all runs found."""
    parser = argparse.ArgumentParser(prog="python -m experiments.localisation.study")
    parser.add_argument("directories", nargs="+", type=Path, help="of runs or sweeps")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    asked = parser.parse_args(arguments)
    try:
        write_text(asked.out / "tables.md", tables(load(asked.directories)))
    except InputError as error:
        leave(str(error))


if __name__ == "__main__":
    main()
