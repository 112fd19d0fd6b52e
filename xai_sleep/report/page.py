"""The page of a run: results first, then explanations and a browser of windows, then methods."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from xai_sleep.recordings.recording import Recording
from xai_sleep.report import run_tables, style
from xai_sleep.report.browser import browser
from xai_sleep.report.examples import examples_figure
from xai_sleep.report.figures import draw_run, timelines
from xai_sleep.report.tables import Table, number, score_table, score_tables, words
from xai_sleep.report.template import CHART_SCRIPT, asset, chart_version, picture, render
from xai_sleep.report.understood import record_table
from xai_sleep.results.files import Stamp, write_text
from xai_sleep.results.finished import Finished, Observer
from xai_sleep.results.outcome import FoldOutcome
from xai_sleep.results.run import RunRecord
from xai_sleep.results.scores import MODEL, Scores
from xai_sleep.results.test_windows import OUTCOMES
from xai_sleep.schema import Config
from xai_sleep.windows.images import Images

SCHEMES = {
    "loso": "leave one subject out",
    "group_kfold": "leave one group of subjects out",
    "kfold": "k-fold",
}
# Parts of the table of scores, and what their tables are called.
BOTH = {"windows": "windows", "events": "events"}
EXPLAINED = {"maps": "maps", "faithfulness": "faithfulness", "sanity_maps": "sanity: maps"}


class Pages(Observer):
    """Draws an experiment as it goes on: examples of each fold, at last the page of the run."""

    def __init__(self, config: Config, stamp: Stamp, directory: Path) -> None:
        self.examples, self.stamp, self.directory = config.explain.figures, stamp, directory
        self.recordings: Sequence[Recording] = ()
        self.images: Images | None = None

    def begun(self, recordings: Sequence[Recording], images: Images | None) -> None:
        """Keep what examples are cut from, and what the network sees if it sees images."""
        self.recordings, self.images = recordings, images

    def fold_finished(self, outcome: FoldOutcome, scores: Scores) -> None:  # noqa: ARG002
        """Draw examples, if the fold has maps."""
        if outcome.maps.size and self.examples:
            figure = examples_figure(self.recordings, outcome, self.examples, self.images)
            path = self.directory / "figures" / f"examples-{outcome.name}.png"
            style.save(figure, path, self.stamp.across)

    def run_finished(self, finished: Finished) -> None:
        """Write the page with its figures."""
        write_report(finished, self.directory)


def write_report(finished: Finished, directory: Path) -> Path:
    """Draw the figures of a run and write ``report.html``, with examples drawn before; its path."""
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
        "images": {path.stem: picture(path) for path in sorted(figures.glob("*.png"))},
        **_results(finished),
        **_explanations(finished),
        "examples": [fold.name for fold in record.folds],
        "browser": browser(finished),
        "methods": run_tables.methods(record),
        "records": record_table(record.records),
        "record": record,
        "settings": run_tables.settings_table(record),
        "uplot": chart_version(),
        **scripts,
    }
    return render("run.html", [record.stamp], context, list(scripts.values()))


def _results(finished: Finished) -> dict[str, object]:
    record, scores, called = finished.record, finished.scores, finished.windows.outcome.tolist()
    areas = [number(scores.one("windows", name).value) for name in ("auroc", "average_precision")]
    title = "Windows, at thresholds chosen on validation windows"
    events = score_table("Events", record, scores, "events", MODEL, ["all"])
    deep = score_table("Events in stages N2 and N3", record, scores, "events", MODEL, ["n2n3"])
    cards = {"F1 of windows": "windows f1", "AUROC": "windows auroc", "F1 of events": "events f1"}
    drawn, beside = timelines(finished), record.baselines
    told = [(b.name, run_tables.about(b), _tables(record, scores, b.name, BOTH)) for b in beside]
    return {
        "cards": {name: scores.summary(*of.split()) for name, of in cards.items()},
        "windows": score_table(title, record, scores, "windows", MODEL, ["all"]),
        "events": [events] if events.rows else [],
        "activations": run_tables.detectors(record),
        "deep": [deep] if deep.rows else [],
        "beside": run_tables.baseline_table(record, scores) if beside else None,
        "baselines": told,
        "counts": ", ".join(f"{name} {called.count(name)}" for name in OUTCOMES) + ".",
        "areas": f"Pooled AUROC {areas[0]}, average precision {areas[1]}.",
        "folds": run_tables.fold_table(record, scores),
        "timelines": [(f"timeline-{i}", each.record) for i, each in drawn.items()],
    }


def _explanations(finished: Finished) -> dict[str, object]:
    record, scores, main = finished.record, finished.scores, finished.explainer
    over = {"who": main, "over": "true_positives"}
    explainers = scores.select(part="maps").distinct("who")
    return {
        "explained": bool(main),
        "pointing": scores.summary("maps", "pointing", **over),
        "chance": scores.summary("maps", "pointing_uniform", **over),
        "true_positives": scores.one("maps", "windows", **over).value,
        "every": scores.summary("maps", "pointing_or_blank", who=main, over="positives"),
        "explainers": run_tables.explainer_table(scores),
        "localisation": [
            score_table(f"Localisation: {words(of)}", record, scores, "maps", main, [of])
            for of in ("true_positives", "positives")
        ],
        "all_figures": {who: _of_explainer(record, scores, who) for who in explainers},
    }


def _tables(record: RunRecord, scores: Scores, who: str, parts: Mapping[str, str]) -> list[Table]:
    """Tables of all that a baseline or an explainer scored in some parts, by their titles."""
    each = [score_tables(title, record, scores, part, who) for part, title in parts.items()]
    return [table for tables in each for table in tables]


def _of_explainer(record: RunRecord, scores: Scores, who: str) -> list[Table]:
    parts = {part: f"{who}: {title}" for part, title in EXPLAINED.items()}
    overs = scores.select(part="sanity", who=who).distinct("over")
    sanity = score_table(f"{who}: sanity", record, scores, "sanity", who, overs)
    return [*_tables(record, scores, who, parts), *[sanity] * bool(overs)]
