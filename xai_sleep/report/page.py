"""The page of a run: results first, then explanations and a browser of windows, then methods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import Colormap, to_hex

from xai_sleep.evaluate.windows import FoldResult
from xai_sleep.experiment.provenance import command, commit, versions
from xai_sleep.recordings.recording import Recording
from xai_sleep.report import style
from xai_sleep.report.browser import Browser, browser
from xai_sleep.report.curves import pooled
from xai_sleep.report.detections import LeftBehind
from xai_sleep.report.examples import outcomes
from xai_sleep.report.page_tables import (
    beside_baselines,
    explainer_table,
    flat,
    fold_table,
    interval,
    number,
    score_table,
    score_tables,
)
from xai_sleep.report.protocol import protocol
from xai_sleep.report.template import CHART_SCRIPT, asset, chart_version, pictures, render
from xai_sleep.results.leaky import account, leaks_of
from xai_sleep.windows.images import Images

SCHEMES = {"loso": "leave one subject out", "kfold": "k-fold"}
CARDS = {"f1": "F1 of windows", "auroc": "AUROC"}


@dataclass(frozen=True, eq=False)
class Material:
    """What a page is made of.

    Parameters
    ----------
    found : mapping
        Content of ``results.json``.
    recordings : sequence of Recording
        Those the windows were cut from.
    results : sequence of FoldResult
        With or without maps.
    figures : Path
        Directory of the run's PNGs; those there are, are shown.
    left : LeftBehind
        Detected events, where there are any.
    images : Images or None
        What the network saw, if it sees images.
    """

    found: Mapping[str, Any]
    recordings: Sequence[Recording]
    results: Sequence[FoldResult]
    figures: Path
    left: LeftBehind
    images: Images | None = None


def run_page(material: Material) -> str:
    """HTML of the page of a run."""
    found, config = material.found, material.found["config"]
    model = config["model"]["_target_"].rpartition(".")[2]
    scripts = {"chart_script": asset(CHART_SCRIPT), "browser_script": asset("browser.js")}
    context = {
        "title": f"{config['task']['name']} {model} {SCHEMES[config['cv']['scheme']]}",
        "lead": _lead(found),
        "cards": _cards(found["summary"]),
        "images": pictures(material.figures),
        **_results(material),
        "maps": _maps(found["summary"]),
        "examples": [{"fold": r.name, "name": f"examples-{r.name}"} for r in material.results],
        "browser": _browser(material),
        "protocol": protocol(found),
        "records": [_record(record) for record in found["records"]],
        "command": command(),
        "commit": commit(),
        "versions": versions(),
        "settings": list(flat(config)),
        "uplot": chart_version(),
    }
    everything = {**context, **scripts}
    leaks = account(leaks_of(found))
    return render("run.html", {found["data"]}, everything, list(scripts.values()), leaky=leaks)


def _lead(found: Mapping[str, Any]) -> str:
    counts = [fold["counts"]["test"] for fold in found["folds"]]
    windows, positive = (sum(c[key] for c in counts) for key in ("windows", "positive"))
    subjects = len({record["subject"] for record in found["records"]})
    task = found["config"]["task"]
    return (
        f"{windows} test windows of {task['window']:g} s, {positive} with a {task['event']} event, "
        f"from {len(found['records'])} records of {subjects} subject{'s' * (subjects > 1)} "
        f"({found['data']} data)."
    )


def _cards(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    scores = {name: summary["windows"][key] for key, name in CARDS.items()}
    if "events" in summary:
        scores["F1 of events"] = summary["events"]["f1"]
    cards = [
        {"name": name, "value": number(one["pooled"]), "note": _certainty(one)}
        for name, one in scores.items()
    ]
    hits = summary.get("maps", {}).get("true_positives")
    if hits:
        chance = number(hits["pointing_uniform"]["pooled"])
        value = number(hits["pointing"]["pooled"])
        note = f"of true positives; chance {chance}"
        cards.append({"name": "map peaks in an event", "value": value, "note": note})
    return cards


def _certainty(one: Mapping[str, Any]) -> str:
    reason: str = one["undefined"].get("ci95", "")
    return f"95 % {interval(one['ci95'])}" if one["ci95"] else reason


def _results(material: Material) -> dict[str, Any]:
    found = material.found
    summary = found["summary"]
    label, probability, threshold = pooled(material.results)
    counts = {name: int(of.sum()) for name, of in outcomes(label, probability >= threshold).items()}
    scores = summary["windows"]
    return {
        "windows": score_table("Windows, at thresholds chosen on validation windows", scores),
        "events": list(score_tables("Events", summary.get("events"))),
        "deep": list(score_tables("Events in stages N2 and N3", summary.get("events_n2n3"))),
        "beside": beside_baselines(found),
        "baselines": [_baseline(name, one) for name, one in found.get("baselines", {}).items()],
        "counts": ", ".join(f"{name} {count}" for name, count in counts.items()) + ".",
        "areas": f"Pooled AUROC {number(scores['auroc']['pooled'])}, average precision "
        f"{number(scores['average_precision']['pooled'])}.",
        "folds": fold_table(found["folds"]),
        "timelines": [
            {"name": f"timeline-{i}", "record": recording.record}
            for i, recording in enumerate(material.recordings, 1)
        ],
    }


def _baseline(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    note = ". ".join(str(found[key]) for key in ("description", "skipped") if key in found)
    tables = [t for key in ("windows", "events") for t in score_tables(key, found.get(key))]
    return {"title": f"Baseline: {name}", "note": note, "tables": tables}


def _maps(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    if "maps" not in summary:
        return None
    hits = summary["maps"]["true_positives"]
    score, chance = hits["pointing"], hits["pointing_uniform"]
    words = (
        f"In {hits['counts']['windows']} true positives the map peaks inside an event with "
        f"frequency {number(score['pooled'])} (95 % {interval(score['ci95'])}); a flat map would "
        f"with {number(chance['pooled'])}."
    )
    if score["pooled"] is None:
        words = "No true positive has a map that can be scored."
    explainers = summary.get("explainers", {})
    return {
        "words": words,
        "methods": explainer_table(explainers),
        "tables": list(score_tables("Localisation", summary["maps"])),
        "explainers": [
            {"method": method, "tables": list(score_tables(method, found))}
            for method, found in explainers.items()
        ],
    }


def _record(record: Mapping[str, Any]) -> list[Any]:
    lengths = [f"{record[key]:g}" for key in ("seconds", "scored_seconds")]
    notes = "; ".join(record["notes"])
    return [record["record"], record["subject"], *lengths, record["events"], notes]


def _browser(material: Material) -> Browser:
    shown = browser(material.recordings, material.results, material.left, material.images)
    shown.data["event"] = style.EVENT
    shown.data["octaves"] = style.OCTAVES
    shown.data["ramps"] = {
        "light": _hues(style.RELEVANCE),
        "dark": _hues(style.RELEVANCE_ON_DARK),
    }
    return shown


def _hues(colours: Colormap) -> list[str]:
    return [to_hex(colours(share)) for share in np.linspace(0, 1, 64)]
