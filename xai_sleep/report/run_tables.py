"""Tables of one run: its folds, baselines, explainers, records and settings; columns of scores."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.table import Table as TerminalTable

from xai_sleep.recordings.subjects import UNKNOWN
from xai_sleep.report.tables import Table, certain, interval, number, on_terminal, short
from xai_sleep.report.template import fill
from xai_sleep.results.files import SYNTHETIC
from xai_sleep.results.run import BaselineRecord, RunRecord
from xai_sleep.results.scores import MODEL, POOLED, Row, Scores, Summary


@dataclass(frozen=True)
class Column:
    """A score that tables of runs show in a column."""

    key: str  # in files
    part: str  # part, metric: see :mod:`xai_sleep.results.scores`
    metric: str
    head: str  # its label, broken where a terminal is short of columns

    @property
    def label(self) -> str:
        """On pages and axes, as ``precision`` and ``event F1``."""
        return self.head.replace("-\n", "").replace("\n", " ")

    def of(self, row: Row) -> Summary:
        """Look up the score of a run."""
        maps = self.part == "maps"
        return row.of_maps(self.metric) if maps else row.score(self.part, self.metric)


_NAMES = ("accuracy", "sensitivity", "specificity", "precision", "f1")
_HEADS = ("accu-\nracy", "sensi-\ntivity", "speci-\nficity", "preci-\nsion", "F1")
DECIDED = tuple(Column(n, "windows", n, head) for n, head in zip(_NAMES, _HEADS, strict=True))
KAPPA = Column("kappa", "windows", "kappa", "kappa")
AUROC = Column("auroc", "windows", "auroc", "AUROC")
EVENTS = Column("event_f1", "events", "f1", "event\nF1")
POINTING = Column("pointing", "maps", "pointing", "pointing\ngame")
CHANCE = Column("pointing_chance", "maps", "pointing_uniform", "chance")
OF_RUN = (*DECIDED, KAPPA, AUROC, EVENTS)
COMPARED = (*DECIDED, AUROC, EVENTS, POINTING)


def run_table(record: RunRecord) -> TerminalTable:
    """One row a fold, then mean and sd over folds, pooled with its 95 % interval, and baselines."""
    scores = record.table
    summaries = [scores.summary(each.part, each.metric) for each in OF_RUN]
    ends = {"mean": "mean", "sd": "sd", POOLED: "pooled", "95 % from": "low", "to": "high"}
    over = [[name, *(short(getattr(s, end)) for s in summaries)] for name, end in ends.items()]
    folds = [_line(scores, fold.name, fold=fold.name) for fold in record.folds]
    sections = [folds, over[:2], over[2:]]
    measured = [each.name for each in record.baselines if not each.skipped]
    if measured:
        sections.append([["baselines"], *(_line(scores, name, who=name) for name in measured)])
    name = "-".join([record.config.task.name, record.model, record.config.cv.scheme])
    leaks = [leak.name for leak in record.leaks]
    title = "\n".join([f"{record.stamp.marked(name)} ({record.data} data)", *leaks])
    heads = [each.label if each.key in ("accuracy", "precision") else each.head for each in OF_RUN]
    return on_terminal(title, ["fold", *heads], sections, list(_captions(record, measured)))


def _line(scores: Scores, name: str, *, who: str = MODEL, fold: str = POOLED) -> list[str]:
    each = [scores.one(c.part, c.metric, who=who, fold=fold).value for c in OF_RUN]
    return [name, *map(short, each)]


def _captions(record: RunRecord, measured: Sequence[str]) -> Iterator[str]:
    yield "windows, last column events; thresholds chosen on validation data"
    if measured:
        yield "baselines: pooled, on the same windows"
    if "experts" in measured:
        yield "experts: the second against the first, where both scored"
    yield from (f"{b.name} left out: {b.skipped}" for b in record.baselines if b.skipped)


def fold_table(record: RunRecord, scores: Scores) -> Table:
    """Every score of the windows of each fold."""
    metrics = scores.select(part="windows", who=MODEL).distinct("metric")
    rows = []
    for fold in record.folds:
        counts = [str(fold.test.windows), str(fold.test.positive), number(fold.threshold)]
        each = [number(scores.one("windows", name, fold=fold.name).value) for name in metrics]
        rows.append([fold.name, *counts, *each])
    head = ["fold", "windows", "with an event", "threshold"]
    head += [record.metric(name).title for name in metrics]
    return Table("Scores of each fold", head, rows)


def baseline_table(record: RunRecord, scores: Scores) -> Table:
    """Set the network among the baselines; one that was left out says why."""
    rows = []
    named = [("the network", MODEL, ""), *((b.name, b.name, about(b)) for b in record.baselines)]
    for name, who, what in named:
        both = [certain(scores.summary(part, "f1", who=who)) for part in ("windows", "events")]
        rows.append([name, *both, what])
    head = ["", "F1 of windows [95 %]", "F1 of events [95 %]", "what it is"]
    return Table("Beside baselines, on the same test windows", head, rows)


def about(baseline: BaselineRecord) -> str:
    """Say what a baseline is, or why it was left out."""
    if not baseline.skipped:
        return baseline.description
    reason = f"left out: {baseline.skipped}"
    named = baseline.description not in ("", baseline.name)
    return f"{baseline.description}; {reason}" if named else reason


def explainer_table(scores: Scores) -> Table:
    """Compare methods of explanation by their true positives, and by pointing on all positives."""
    head = ["method", "pointing game", "95 % interval", "chance", "separation", "sanity"]
    blank = bool(scores.select(part="maps", metric="pointing_or_blank", over="positives"))
    rows = []
    for who in scores.select(part="maps").distinct("who"):
        of = {"who": who, "over": "true_positives"}
        pointing = scores.summary("maps", "pointing", **of)
        chance = scores.one("maps", "pointing_uniform", **of).value
        apart = scores.one("faithfulness", "separation", **of).value
        passed = scores.one("sanity", "passed", who=who, over="random_weights").value
        verdict = "–" if passed is None else ("passed" if passed else "failed")
        row = [number(pointing.pooled), interval(pointing.interval), number(chance), number(apart)]
        every = scores.summary("maps", "pointing_or_blank", who=who, over="positives")
        rows.append([who, *row, verdict, *[certain(every)] * blank])
    head += ["pointing game, all positives, blank maps as misses"] * blank
    return Table("Methods of explanation, on true positives", head, rows)


def settings_table(record: RunRecord) -> Table:
    """Name and text of every setting."""
    return Table("All settings", ["setting", "value"], [*_flat(asdict(record.config))])


def _flat(tree: object, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            yield from _flat(value, f"{name}.{key}" if name else str(key))
    else:
        yield name, str(tree)


def methods(record: RunRecord) -> list[str]:
    """Sentences on data, folds, training, events, intervals and maps: ``methods.txt``, filled."""
    simulated = record.data == SYNTHETIC
    trained = [(fold.train.windows, fold.train_of) for fold in record.folds if fold.train_of]
    context = {
        "record": record,
        "simulated": simulated,
        "alone": [r.record for r in record.records if UNKNOWN in r.notes and not simulated],
        "detected": detectors(record),
        "subset": [sum(counts) for counts in zip(*trained, strict=True)],
        "chosen_on": Counter(fold.detector.chosen_on for fold in record.folds).most_common(),
        "subjects": len({each.subject for each in record.records}),
    }
    return fill("methods.txt", context).splitlines()


def detectors(record: RunRecord) -> str:
    """Say, without a full stop, in which activation events were detected, and in how many folds."""
    counts = Counter(fold.detector.activation for fold in record.folds)
    folds = [f"{name} in {n} fold{'s' * (n > 1)}" for name, n in counts.most_common()]
    return f"detected in the activation {', '.join(folds)}"
