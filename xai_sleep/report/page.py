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
from xai_sleep.results.run import BaselineRecord, RunRecord
from xai_sleep.results.scores import MODEL, Scores, Summary
from xai_sleep.results.test_windows import OUTCOMES

SCHEMES = {"loso": "leave one subject out", "kfold": "k-fold"}
EXPLAINED = {"maps": "maps", "faithfulness": "faithfulness", "sanity_maps": "sanity: maps"}
OVER = ("true_positives", "positives")  # the windows whose maps are scored


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
    """Draw the figures of a whole run and write ``report.html``; the path of that.

    Examples of folds that are in ``figures`` of the run's directory are shown as well.
    """
    draw_run(finished, directory / "figures")
    write_text(directory / "report.html", run_page(finished, directory / "figures"))
    return directory / "report.html"


def run_page(finished: Finished, figures: Path) -> str:
    """HTML of the page of a run with the PNGs that are in a directory."""
    record, config = finished.record, finished.record.config
    scheme = SCHEMES.get(config.cv.scheme, config.cv.scheme)
    scripts = {"chart_script": asset(CHART_SCRIPT), "browser_script": asset("browser.js")}
    context: dict[str, object] = {
        "title": f"{config.task.name} {record.model} {scheme}",
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
    windows = sum(fold.test.windows for fold in record.folds)
    positive = sum(fold.test.positive for fold in record.folds)
    subjects, task = len({each.subject for each in record.records}), record.config.task
    return (
        f"{windows} test windows of {task.window:g} s, {positive} with a {task.event} event, "
        f"from {len(record.records)} records of {subjects} subject{'s' * (subjects > 1)} "
        f"({record.data} data)."
    )


def _cards(finished: Finished) -> list[Card]:
    scores, cards = finished.scores, []
    shown = {"F1 of windows": "windows f1", "AUROC": "windows auroc", "F1 of events": "events f1"}
    for name, of in shown.items():
        one = scores.summary(*of.split())
        note = f"95 % {interval(one.interval)}" if one.interval else one.reason
        cards.append(Card(name, number(one.pooled), note))
    if finished.explainer:
        pointing, chance = _pointing(finished)
        note = f"of true positives; chance {number(chance.pooled)}"
        cards.append(Card("map peaks in an event", number(pointing.pooled), note))
    return cards


def _pointing(finished: Finished) -> tuple[Summary, Summary]:
    """Pointing game of true positives, and its chance."""
    who = {"who": finished.explainer, "over": "true_positives"}
    pointing = finished.scores.summary("maps", "pointing", **who)
    return pointing, finished.scores.summary("maps", "pointing_uniform", **who)


def _results(finished: Finished) -> dict[str, object]:
    record, scores, called = finished.record, finished.scores, finished.windows.outcome.tolist()
    areas = [number(scores.one("windows", name).value) for name in ("auroc", "average_precision")]
    title = "Windows, at thresholds chosen on validation windows"
    events = score_table("Events", record, scores, "events", MODEL, ["all"])
    deep = score_table("Events in stages N2 and N3", record, scores, "events", MODEL, ["n2n3"])
    records = enumerate(finished.recordings, 1)
    return {
        "windows": score_table(title, record, scores, "windows", MODEL, ["all"]),
        "events": [events] if events.rows else [],
        "activations": detectors(record),
        "deep": [deep] if deep.rows else [],
        "beside": run_tables.baseline_table(record, scores) if record.baselines else None,
        "baselines": [_baseline(record, scores, each) for each in record.baselines],
        "counts": ", ".join(f"{name} {called.count(name)}" for name in OUTCOMES) + ".",
        "areas": f"Pooled AUROC {areas[0]}, average precision {areas[1]}.",
        "folds": run_tables.fold_table(record, scores),
        "timelines": [(f"timeline-{i}", each.record) for i, each in records],
    }


def _baseline(record: RunRecord, scores: Scores, baseline: BaselineRecord) -> Folded:
    name = baseline.name
    both = [score_tables(part, record, scores, part, name) for part in ("windows", "events")]
    return Folded(f"Baseline: {name}", run_tables.about(baseline), [t for ts in both for t in ts])


def _explanations(finished: Finished) -> dict[str, object]:
    record, scores, main = finished.record, finished.scores, finished.explainer
    titles = {over: f"Localisation: {over.replace('_', ' ')}" for over in OVER}
    return {
        "words": _words(finished) if main else "",
        "explainers": run_tables.explainer_table(scores),
        "localisation": [
            score_table(title, record, scores, "maps", main, [over])
            for over, title in titles.items()
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
