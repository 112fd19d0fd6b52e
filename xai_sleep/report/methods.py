"""How a run was done, in sentences, from its record."""

from collections import Counter

from xai_sleep.recordings.subjects import UNKNOWN
from xai_sleep.results.run import RunRecord
from xai_sleep.results.stamp import LEAKY, SYNTHETIC

FOLDS = {
    "loso": "Leave one subject out: each fold tests one subject and trains on the others. "
    "{guard:g} s between validation and training time of a record are used for nothing.",
    "kfold": "{folds}-fold: contiguous blocks of time of every record; each is tested once. "
    "{guard:g} s around test and around validation time are used for nothing.",
}
OWN = "Folds are made by {divide}."  # a scheme of the user's own
INTERVALS = (
    "The 95 % intervals are percentile bootstraps over subjects. With few subjects they are too "
    "narrow: with six they hold the true value in about 85 of 100 studies, with four in about 79. "
    "Here there {are}."
)
MAPS = (
    "The pointing game asks whether the peak of a map lies inside an event; chance is what a flat "
    "map scores in the same windows."
)
SCORED = {"all": "all of every record", "rows": "what the tables say"}


def methods(record: RunRecord) -> list[str]:
    """Sentences on data, folds, training, events, intervals and maps."""
    task, cv, trainer = record.config.task, record.config.cv, record.config.trainer
    sampler, stamp = record.config.balance.sampler, record.stamp
    balance = str(sampler["_target_"]).rpartition(".")[2] if sampler else "no resampling"
    divide = cv.divide["_target_"]
    folds = FOLDS.get(cv.scheme, OWN).format(folds=cv.folds, guard=cv.guard, divide=divide)
    overlap = f"at least {task.min_overlap:g} s" if task.min_overlap else "any time at all"
    # with the last weights no epoch is chosen
    how = ", the best epoch" if trainer.keep == "best" else " (the last weights are kept)"
    subjects = len({each.subject for each in record.records})
    are = f"are {subjects} subjects" if subjects > 1 else "is 1 subject, and so no interval"
    return [
        *[f"{LEAKY}: {stamp.account} All below holds as far as these let it."] * bool(stamp.leaks),
        f"Data: {record.data}: {record.source}. {_marks(record)}Unscored time is unknown, not "
        f"negative: no window lies in it.{_alone(record)}",
        f"Signals at {task.sfreq:g} Hz from {task.band[0]:g} to {task.band[1]:g} Hz; "
        f"windows of {task.window:g} s; a window is positive when an event overlaps it by "
        f"{overlap}.",
        f"{folds} Stopping{how} and thresholds of windows are by validation windows, from the "
        "training side.",
        f"Training: at most {trainer.max_epochs} epochs, stopping after {trainer.patience} "
        f"without a better validation score; weights of the {trainer.keep} epoch; "
        f"classes evened out by {balance}; seed {record.config.seed}.",
        f"Events: {detectors(record)}. {_looked_at(record)}",
        INTERVALS.format(are=are),
        f"Maps: {', '.join(record.config.explain.methods) or 'none'}. {MAPS}",
    ]


def detectors(record: RunRecord) -> str:
    """Say, without a full stop, in which activation events were detected, and in how many folds."""
    counts = Counter(fold.detector.activation for fold in record.folds)
    folds = [f"{name} in {n} fold{'s' * (n > 1)}" for name, n in counts.most_common()]
    return f"detected in the activation {', '.join(folds)}"


def _looked_at(record: RunRecord) -> str:
    """Say which time the detectors of the folds were chosen on."""
    times = Counter(fold.detector.chosen_on for fold in record.folds)
    if len(times) == 1:
        return f"The detector of each fold was chosen on {next(iter(times))} time."
    said = ", ".join(f"{time} time in {n}" for time, n in times.most_common())
    return f"The detectors of the {len(record.folds)} folds were chosen on {said}."


def _marks(record: RunRecord) -> str:
    """Say whose marks are events, and where it is known which time was scored."""
    if record.stamp.source == SYNTHETIC:
        return "Recordings and events are simulated. "
    data = record.config.data
    expert = f"Events by the expert setting “{data['expert']}”. " if "expert" in data else ""
    scored = SCORED.get(str(data.get("scored", "")))
    return f"{expert}Scored time is {scored}. " if scored else expert


def _alone(record: RunRecord) -> str:
    """Say whose records count as subjects of their own because nobody is named."""
    if record.stamp.source == SYNTHETIC:
        return ""
    alone = [each.record for each in record.records if UNKNOWN in each.notes]
    if not alone:
        return " One person a record is assumed where headers name nobody."
    return f" Nobody is named in {', '.join(alone)}: each counts as a subject of its own."
