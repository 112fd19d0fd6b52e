"""Scorings of the National Sleep Research Resource and of Compumedics Profusion, both XML.

    <PSGAnnotation> or <CMPStudyConfig>
      <EpochLength>30</EpochLength>
      <ScoredEvents>
        <ScoredEvent>
          <EventType>Arousals|Arousals</EventType> <EventConcept>Arousal|Arousal ()</EventConcept>
          <Start>2423.8</Start> <Duration>27.5</Duration> <SignalLocation>C3</SignalLocation>
        </ScoredEvent>
      </ScoredEvents>
      <SleepStages> <SleepStage>0</SleepStage> … </SleepStages>
    </PSGAnnotation>

Profusion writes ``Name`` for the concept, ``Input`` for the channel and the stages as a list, one
an epoch from the start; NSRR has them among the events (``Stage 2 sleep|2``). A concept is the
resource's word, a bar, and the word of the program that was scored with; the first is the kind.
Stage 4 (Rechtschaffen and Kales) is N3. Sources: the wiki of nsrr/edf-editor-translator
("Compumedics Annotation Format") and sleepdata.org.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar
from xml.etree.ElementTree import Element

from xai_sleep.errors import InputError
from xai_sleep.recordings.channels import as_seen
from xai_sleep.recordings.clock import DAY
from xai_sleep.recordings.marks.reader import Marks, MarksReader
from xai_sleep.recordings.marks.tree import each, parsed, root_name, said, unread
from xai_sleep.recordings.tables import Row, number_of

_CODES = {"0": "W", "1": "N1", "2": "N2", "3": "N3", "4": "N3", "5": "R", "6": "?", "9": "?"}
_NAMES = {
    "wake": "W",
    "rem sleep": "R",
    "unscored": "?",
    "movement": "?",
    "sdo:wakestate": "W",
    "sdo:rapideyemovementsleep": "R",
    **{f"stage {code} sleep": _CODES[code] for code in "1234"},
    **{f"sdo:nonrapideyemovementsleep-n{code}": _CODES[code] for code in "1234"},
}
_START = "recording start time"  # an event that says when the recording began
_ABOUT = ("SoftwareVersion", "EpochLength", "StepChannels", "ScoredEventSettings", "Montage")
_FIELDS = (
    *("EventType", "EventConcept", "Name", "Start", "Starttime", "Duration", "SignalLocation"),
    *("Input", "ClockTime", "Notes", "Desaturation", "LowestSpO2", "SpO2Nadir", "SpO2Baseline"),
)


class Nsrr(MarksReader):
    """XML of NSRR or Profusion."""

    endings: ClassVar = (".xml",)

    def recognises(self, path: Path) -> bool:
        """Whether it is a scoring of one of the two."""
        return root_name(path) in ("PSGAnnotation", "CMPStudyConfig")

    def read(self, path: Path, start: datetime | None, seconds: float) -> Marks:
        """Read events and stages; InputError also if a stage has an unknown name."""
        root = parsed(path)
        found = root.findall("ScoredEvents/ScoredEvent")
        rows = []
        notes = unread(path, [root], (*_ABOUT, "ScoredEvents", "SleepStages"))
        notes += unread(path, root.findall("ScoredEvents"), ("ScoredEvent",))
        notes += unread(path, root.findall("SleepStages"), ("SleepStage",))
        notes += unread(path, found, _FIELDS)
        for where, one in each(path, found):
            if as_seen(_concept(one)[0]) == _START:
                notes += _clock(where, one, start)
            else:
                rows.append(_event(where, one))
        listed = _stages(path, root)
        covered = sum(row.number("duration") for row in listed)
        if listed and abs(covered - seconds) >= listed[0].number("duration"):
            notes += (f"stages of {path.name} cover {covered:g} s of {seconds:g} s",)
        return Marks([*rows, *listed], (*notes, *_merged(path, found)))


def _concept(event: Element) -> tuple[str, str]:
    """Words of the resource and of the program for what was scored."""
    word, _, own = said(event, "EventConcept", "Name").partition("|")
    return word.strip(), own.strip()


def _event(where: str, one: Element) -> Row:
    kind, code = _concept(one)
    named, coded = _NAMES.get(as_seen(kind)), _CODES.get(code)
    typed = as_seen(said(one, "EventType").partition("|")[0]) == "stages"
    if typed or named not in (None, "?"):
        if not (named or coded) or (named and coded and named != coded):
            expected = "expected one such as 'Wake|0', 'Stage 2 sleep|2' or 'REM sleep|5'"
            raise InputError(f"{where}: the stage is {f'{kind}|{code}'[:60]!r}; {expected}")
        kind = f"Sleep stage {named or coded}"
    if not kind:
        raise InputError(f"{where}: no EventConcept or Name says what it is; export it again")
    times = {"onset": said(one, "Start", "Starttime"), "duration": said(one, "Duration")}
    return Row(where, times | {"kind": kind, "channel": said(one, "SignalLocation", "Input")})


def _stages(path: Path, root: Element) -> list[Row]:
    """Rows of a list of stages, each as long as an epoch."""
    found = root.findall("SleepStages/SleepStage")
    if not found:
        return []
    length = number_of(said(root, "EpochLength"))
    if not 1 <= length <= 600:
        lacking = f"EpochLength is {said(root, 'EpochLength')!r}, so that stages have no time"
        raise InputError(f"{path}: {lacking}; expected s, as in 30")
    rows = []
    for number, (where, one) in enumerate(each(path, found)):
        code = "".join(one.itertext()).strip()
        if code not in _CODES:
            raise InputError(f"{where} is {code[:40]!r}; expected a number from 0 to 6, or 9")
        times = {"onset": f"{number * length:g}", "duration": f"{length:g}"}
        rows.append(Row(where, times | {"kind": f"Sleep stage {_CODES[code]}"}))
    return rows


def _clock(where: str, one: Element, start: datetime | None) -> tuple[str, ...]:
    """Note what an event of the start of the recording says against its signals."""
    if re.fullmatch(r"[0.]*", at := said(one, "Start", "Starttime")) is None:
        expected = "expected 0, as all times are s from its start"
        raise InputError(f"{where}: the recording starts at {at[:40]!r}; {expected}")
    time = re.fullmatch(r"(?:\S+\s+)?(\d\d?)[.:](\d\d)[.:](\d\d)", said(one, "ClockTime"))
    if time is None or start is None:
        return ()
    hours, minutes, seconds = map(int, time.groups())
    of_day = (start - start.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
    apart = (hours * 3600 + minutes * 60 + seconds - of_day) % DAY
    if min(apart, DAY - apart) < 1:
        return ()
    began = f"{where} says that the recording began at {said(one, 'ClockTime')}"
    return (f"{began}, its signals {start:%H:%M:%S}; times are from the first sample",)


def _merged(path: Path, found: Sequence[Element]) -> tuple[str, ...]:
    """Note kinds that the program which was scored with tells apart."""
    own: dict[str, set[str]] = defaultdict(set)
    for word, other in map(_concept, found):
        own[word].add(other)
    told = "; ".join(
        f"{word} is {', '.join(sorted(names))}" for word, names in own.items() if len(names) > 1
    )
    return (f"kinds of {path.name} under one name: {told}",) if told else ()
