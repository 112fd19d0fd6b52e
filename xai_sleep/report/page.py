"""The page of a run: results first, then explanations and a browser of windows, then methods."""

from dataclasses import dataclass
from pathlib import Path

from xai_sleep.report import run_tables
from xai_sleep.report.browser import browser
from xai_sleep.report.figures import draw_run
from xai_sleep.report.methods import detectors, methods
from xai_sleep.report.tables import Table, interval, number, score_table, score_tables
from xai_sleep.report.template import CHART_SCRIPT, asset, chart_version, pictures, render
from xai_sleep.results.files import write_text
from xai_sleep.results.finished import Finished
from xai_sleep.results.run import RunRecord
from xai_sleep.results.scores import MODEL, Scores, Summary
from xai_sleep.results.test_windows import OUTCOMES

SCHEMES = {"loso": "leave one subject out", "kfold": "k-fold"}
EXPLAINED = {"maps": "maps", "faithfulness": "faithfulness", "sanity_maps": "sanity: maps"}


@dataclass(frozen=True)
class Card:
    """A figure at the head of a page."""

    name: str
    value: str
    note: str


@dataclass(frozen=True)
class Folded:
    """Tables that a reader may open."""

    title: str
    note: str
    tables: list[Table]


def write_report(finished: Finished, directory: Path) -> Path:
    """Draw the figures of a whole run and write its ``report.html``.

    Parameters
    ----------
    finished : Finished
        The run.
    directory : Path
        Of the run; examples of folds that are in its ``figures`` are shown as well.

    Returns
    -------
    Path
        Of the page.
    """
    draw_run(finished, directory / "figures")
    write_text(directory / "report.html", run_page(finished, directory / "figures"))
    return directory / "report.html"


def run_page(finished: Finished, figures: Path) -> str:
    """HTML of the page of a run with the PNGs that are in a directory."""
    record, task = finished.record, finished.record.config.task.name
    scripts = {"chart_script": asset(CHART_SCRIPT), "browser_script": asset("browser.js")}
    context: dict[str, object] = {
        "title": f"{task} {record.model} {SCHEMES[record.config.cv.scheme]}",
        "lead": _lead(record),
        "cards": _cards(finished),
        "images": pictures(figures),
        **_results(finished),
        **_explanations(finished),
        "examples": [fold.name for fold in record.folds],
        "browser": browser(finished),
        "methods": methods(record),
        "records": run_tables.record_table(record.records),
        "record": record,
        "settings": run_tables.settings_table(record),
        "uplot": chart_version(),
        **scripts,
    }
    return render("run.html", [record.stamp], context, list(scripts.values()))


def _lead(record: RunRecord) -> str:
    windows, positive = (
        sum(getattr(fold.test, name) for fold in record.folds) for name in ("windows", "positive")
    )
    subjects = len({each.subject for each in record.records})
    task = record.config.task
    return (
        f"{windows} test windows of {task.window:g} s, {positive} with a {task.event} event, "
        f"from {len(record.records)} records of {subjects} subject{'s' * (subjects > 1)} "
        f"({record.data} data)."
    )


def _cards(finished: Finished) -> list[Card]:
    scores = finished.scores
    shown = {
        "F1 of windows": scores.summary("windows", "f1"),
        "AUROC": scores.summary("windows", "auroc"),
        "F1 of events": scores.summary("events", "f1"),
    }
    cards = [Card(name, number(one.pooled), _certainty(one)) for name, one in shown.items()]
    if finished.explainer:
        pointing, chance = _pointing(finished)
        note = f"of true positives; chance {number(chance.pooled)}"
        cards.append(Card("map peaks in an event", number(pointing.pooled), note))
    return cards


def _certainty(score: Summary) -> str:
    return f"95 % {interval(score.interval)}" if score.interval else score.reason


def _pointing(finished: Finished) -> tuple[Summary, Summary]:
    """Pointing game of true positives, and its chance."""
    pointing, chance = (
        finished.scores.summary("maps", name, who=finished.explainer, over="true_positives")
        for name in ("pointing", "pointing_uniform")
    )
    return pointing, chance


def _results(finished: Finished) -> dict[str, object]:
    record, scores, called = finished.record, finished.scores, finished.windows.outcome.tolist()
    areas = [number(scores.one("windows", name).value) for name in ("auroc", "average_precision")]
    title = "Windows, at thresholds chosen on validation windows"
    beside = run_tables.baseline_table(record, scores)
    events = [score_table("Events", record, scores, "events", MODEL, ["all"])]
    deep = [score_table("Events in stages N2 and N3", record, scores, "events", MODEL, ["n2n3"])]
    return {
        "windows": score_table(title, record, scores, "windows", MODEL, ["all"]),
        "events": [table for table in events if table.rows],
        "activations": detectors(record),
        "deep": [table for table in deep if table.rows],
        "beside": beside if record.baselines else None,
        "baselines": _baselines(record, scores),
        "counts": ", ".join(f"{name} {called.count(name)}" for name in OUTCOMES) + ".",
        "areas": f"Pooled AUROC {areas[0]}, average precision {areas[1]}.",
        "folds": run_tables.fold_table(record, scores),
        "timelines": [
            (f"timeline-{i}", each.record) for i, each in enumerate(finished.recordings, 1)
        ],
    }


def _baselines(record: RunRecord, scores: Scores) -> list[Folded]:
    return [
        Folded(
            f"Baseline: {each.name}",
            run_tables.about(each),
            [
                t
                for part in ("windows", "events")
                for t in score_tables(part, record, scores, part, each.name)
            ],
        )
        for each in record.baselines
    ]


def _explanations(finished: Finished) -> dict[str, object]:
    record, scores, main = finished.record, finished.scores, finished.explainer
    return {
        "words": _words(finished) if main else "",
        "explainers": run_tables.explainer_table(scores),
        "localisation": [
            score_table(
                f"Localisation: {over.replace('_', ' ')}", record, scores, "maps", main, [over]
            )
            for over in ("true_positives", "positives")
        ],
        "all_figures": [
            Folded(f"All figures of {who}", "", _of_explainer(record, scores, who))
            for who in scores.select(part="maps").distinct("who")
        ],
    }


def _of_explainer(record: RunRecord, scores: Scores, who: str) -> list[Table]:
    found = [
        table
        for part, name in EXPLAINED.items()
        for table in score_tables(f"{who}: {name}", record, scores, part, who)
    ]
    overs = scores.select(part="sanity", who=who).distinct("over")
    sanity = score_table(f"{who}: sanity", record, scores, "sanity", who, overs)
    return [*found, *[sanity] * bool(overs)]


def _words(finished: Finished) -> str:
    """Say where maps peak: of true positives, and of all positives with blank maps as misses."""
    scores, who = finished.scores, finished.explainer
    pointing, chance = _pointing(finished)
    if pointing.pooled is None:
        return "No true positive has a map that can be scored."
    windows = scores.one("maps", "windows", who=who, over="true_positives").value
    words = (
        f"In {number(windows, 0)} true positives the map peaks inside an event with "
        f"frequency {number(pointing.pooled)} (95 % {interval(pointing.interval)}); a flat map "
        f"would with {number(chance.pooled)}."
    )
    every = scores.summary("maps", "pointing_or_blank", who=who, over="positives")
    if every.pooled is None:
        return words
    return (
        f"{words} In all windows with an event, blank maps counted as misses, it does with "
        f"{number(every.pooled)} (95 % {interval(every.interval)})."
    )
