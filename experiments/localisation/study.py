"""Tables of the study: localisation, faithfulness, sanity, and signals against images.

Reads finished runs, which hold their maps and marks, and writes ``tables.md``::

    python -m experiments.localisation.study outputs/localisation --out experiments/localisation
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from experiments.localisation.paired import compare, pairs
from experiments.localisation.runs import Run, load
from xai_sleep.errors import InputError, leave
from xai_sleep.results.files import SIMULATED, SYNTHETIC, write_text
from xai_sleep.results.scores import Summary

PAIRED = ("gradcam", "hirescam", "integrated_gradients", "occlusion")
UNKNOWN = "–"


def tables(runs: Sequence[Run]) -> str:
    """All tables as Markdown, those of simulated recordings told as such."""
    parts = []
    for data in dict.fromkeys(run.record.data for run in runs):
        of_data = [run for run in runs if run.record.data == data]
        title = f"{SIMULATED if data == SYNTHETIC else data} recordings"
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


def _localisation(run: Run, method: str) -> list[str]:
    def of(metric: str) -> Summary:
        return run.table.summary("maps", metric, who=method, over="true_positives")

    return [
        *(_count(of(metric)) for metric in ("windows", "blank")),
        _with_interval(of("pointing")),
        _number(of("pointing_uniform").pooled),
        _with_interval(of("mass")),
        _number(of("average_precision").pooled),
    ]


def _faithfulness(run: Run, method: str) -> list[str]:
    def of(metric: str) -> Summary:
        return run.table.summary("faithfulness", metric, who=method, over="true_positives")

    gains = (_number(of(metric).pooled) for metric in ("deletion_gain", "insertion_gain"))
    return [_with_interval(of("separation")), *gains, _count(of("skipped"))]


def _sanity(run: Run, method: str) -> list[str]:
    def of(metric: str, part: str = "sanity", over: str = "random_weights") -> Summary:
        return run.table.summary(part, metric, who=method, over=over)

    passed = of("passed").pooled
    return [
        _number(of("similarity").pooled),
        UNKNOWN if passed is None else "yes" if passed else "no",
        _number(of("pointing", "sanity_maps").pooled),
        _with_interval(of("pointing_gain", "sanity_maps")),
        _number(of("similarity", over="shuffled_labels").pooled),
    ]


def _table(
    head: Sequence[str], runs: Sequence[Run], row_of: Callable[[Run, str], Sequence[str]]
) -> str:
    rows = [
        [run.record.model, *_place(run), f"`{method}`", *row_of(run, method)]
        for run in runs
        for method in run.explainers
    ]
    return _markdown(["model", "task", "CV", *head], rows)


def _by_subject(run: Run) -> str:
    people = sorted(set(run.windows.subject.tolist()))

    def of(metric: str, method: str) -> list[Summary]:
        over = [f"subject {subject}" for subject in people]
        return [run.table.summary("maps", metric, who=method, over=each) for each in over]

    def pooled(metric: str, method: str) -> list[str]:
        return [_number(each.pooled) for each in of(metric, method)]

    main = run.explainers[0]
    rows = [["true positives", *(f"{each.pooled or 0:.0f}" for each in of("windows", main))]]
    rows += [[f"`{method}`", *pooled("pointing", method)] for method in run.explainers]
    if "uniform" not in run.explainers:
        rows.append(["chance", *pooled("pointing_uniform", main)])
    return _markdown([f"{run.record.model} {' '.join(_place(run))}", *people], rows)


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


def _count(found: Summary) -> str:
    return UNKNOWN if found.pooled is None else f"{found.pooled:.0f}"


def _interval(ends: Sequence[float] | None) -> str:
    return UNKNOWN if ends is None else f"[{ends[0]:.2f}, {ends[1]:.2f}]"


def _with_interval(found: Summary) -> str:
    if found.pooled is None:
        return UNKNOWN
    return f"{_number(found.pooled)} {_interval(found.interval)}"


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
