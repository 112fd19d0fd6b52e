"""Marks as baselines: those of the database's own detector, and one rater's against another's."""

from collections import Counter
from dataclasses import replace
from itertools import combinations

import numpy as np

from xai_sleep.baselines.baseline import Answer, Baseline, LeftOutError, Trial
from xai_sleep.detect.detector import NO_EVENTS
from xai_sleep.recordings.intervals import intersection
from xai_sleep.recordings.raters import AUTOMATIC, raters_of
from xai_sleep.recordings.recording import Recording
from xai_sleep.windows.windows import Windows

POINT = 0.1  # s: marks no longer than this say that an event is there, not how long it lasts


class Automatic(Baseline):
    """Marks that came with the recordings, of a detector by the database's authors."""

    description = "automatic detection that came with the recordings"

    def prepare(self, trial: Trial) -> Trial:
        """Look whether every record has marks, and some can make a window positive."""
        lacking = [r.record for r in trial.recordings if AUTOMATIC not in r.scorers]
        if len(lacking) == len(trial.recordings):
            raise LeftOutError("the records have no automatic marks")
        if lacking:
            remedy = "add Automatic_detection_*.txt, or leave these records out (data.records)"
            raise LeftOutError(f"no automatic marks of {', '.join(lacking)}; {remedy}")
        marks = [recording.scorers[AUTOMATIC].events for recording in trial.recordings]
        longest = max(float(np.diff(each, axis=1).max(initial=0)) for each in marks)
        if 0 < longest < trial.min_overlap:
            short = f"lasts {longest:g} s, less than makes a window positive"
            remedy = f"lower task.min_overlap ({trial.min_overlap:g} s)"
            raise LeftOutError(f"the longest automatic mark {short}; {remedy}")
        points = f"points of at most {longest:.3g} s: they do not say how long it lasts"
        self.no_events = f"its marks are {points}" if 0 < longest <= POINT else ""
        return trial

    def detect(self, recording: Recording, windows: Windows) -> Answer:  # noqa: ARG002
        """Hand over the marks."""
        return Answer(recording.scorers[AUTOMATIC].events)


class Experts(Baseline):
    """The second rater as if a detector, the first as truth, in the test time that both scored.

    They are the two who scored most records together.
    """

    description = "the second rater as detector against the first as truth, where both scored"

    def prepare(self, trial: Trial) -> Trial:
        """Make one the truth, and narrow folds to time that both scored, if there is any."""
        raters = [raters_of(recording.scorers) for recording in trial.recordings]
        together = Counter(pair for names in raters for pair in combinations(names, 2))
        if not together:
            raise LeftOutError("no record was scored by two experts")
        self.pair = together.most_common(1)[0][0]
        twice = [r.record for r in trial.recordings if r.scorers.keys() >= {*self.pair}]
        recordings = [self._by_first(recording) for recording in trial.recordings]
        narrowed, tested = replace(trial, recordings=recordings), []
        for fold in trial.folds:
            pairs = zip(fold.test, recordings, strict=True)
            test = tuple(intersection(time, recording.scored) for time, recording in pairs)
            if len(narrowed.windows(test)):
                tested.append(replace(fold, test=test))
        if not tested:
            lacking = "no test window lies in time that both experts scored"
            raise LeftOutError(f"{', '.join(twice)}: {lacking}; choose another data.expert")
        count = f"{len(twice)} of {len(recordings)} records ({', '.join(twice)})"
        first, second = self.pair
        roles = f"{second} as detector against {first} as truth, where both scored"
        self.description = f"{roles}: {count}"
        return replace(narrowed, folds=tested)

    def detect(self, recording: Recording, windows: Windows) -> Answer:  # noqa: ARG002
        """Hand over the marks of the second."""
        return Answer(recording.scorers[self.pair[1]].events)

    def _by_first(self, recording: Recording) -> Recording:
        """Copy a recording with the first as truth, scored where both looked: else nowhere."""
        if not recording.scorers.keys() >= {*self.pair}:
            return replace(recording, events=NO_EVENTS, scored=NO_EVENTS)
        first, second = (recording.scorers[name] for name in self.pair)
        scored = intersection(first.scored, second.scored)
        return replace(recording, events=first.events, scored=scored)
