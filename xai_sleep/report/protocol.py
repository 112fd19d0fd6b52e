"""How a run was done, in sentences, from its settings."""

from collections.abc import Mapping
from typing import Any

from xai_sleep.recordings.subjects import UNKNOWN
from xai_sleep.results.leaky import MARK, account, leaks_of

FOLDS = {
    "loso": "Leave one subject out: each fold tests one subject and trains on the others.",
    "kfold": "{folds}-fold: contiguous blocks of time of every record; each is tested once.",
}


def protocol(found: Mapping[str, Any]) -> list[str]:
    """Sentences on data, folds, training and maps.

    Parameters
    ----------
    found : mapping
        Content of ``results.json``.
    """
    config = found["config"]
    task, cv, trainer = config["task"], config["cv"], config["trainer"]
    sampler = config["balance"]["sampler"]
    balance = sampler["_target_"].rpartition(".")[2] if sampler else "no resampling"
    leaks = leaks_of(found)
    return [
        *[f"{MARK}: {account(leaks)} All below holds as far as these let it."] * bool(leaks),
        f"Data: {found['data']}. {_marks(found)} Unscored time is unknown, not negative: no window "
        "lies in it.",
        f"Signals at {task['sfreq']:g} Hz from {task['band'][0]:g} to {task['band'][1]:g} Hz; "
        f"windows of {task['window']:g} s; a window is positive when an event overlaps it by "
        f"{_at_least(task['min_overlap'])}.",
        f"{FOLDS[cv['scheme']].format(**cv)} {cv['guard']:g} s around test time are used for "
        "nothing. Stopping, thresholds and the best epoch are by validation windows, which come "
        "from the training side.",
        f"Training: at most {trainer['max_epochs']} epochs, stopping after {trainer['patience']} "
        f"without a better validation score; weights of the {trainer.get('keep', 'best')} epoch; "
        f"classes evened out by {balance}; seed {config['seed']}.",
        f"Maps: {', '.join(config['explain']['methods']) or 'none'}. The pointing game asks "
        "whether the peak of a map lies inside an event; chance is what a flat map scores in the "
        "same windows.",
    ]


def _marks(found: Mapping[str, Any]) -> str:
    if found["data"] == "synthetic":
        return "Recordings and events are simulated."
    data = found["config"]["data"]
    marks = f"Events by the expert setting “{data['expert']}”."
    return f"{marks} {_own(found, data)}" if found["data"] == "files" else marks


def _own(found: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """Say of recordings of the user's own what only the user can know."""
    said = "all of every record" if data["scored"] == "all" else "what the tables say"
    unknown = [r["record"] for r in found["records"] if UNKNOWN in r["notes"]]
    alone = f" Nobody is named in {', '.join(unknown)}: each counts as a subject of its own."
    return f"Scored time is {said}.{alone if unknown else ''}"


def _at_least(seconds: float) -> str:
    return f"at least {seconds:g} s" if seconds else "any time at all"
