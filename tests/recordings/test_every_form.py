"""One night in every form of signals, with the same marks in every form of marks."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.forms import FORMS, GAP, RATE, at, truth
from tests.support.marks import (
    EVENTS,
    NIGHT,
    SECONDS,
    Mark,
    anonymous,
    clock,
    dreams_text,
    edfbrowser_text,
    edfbrowser_xml,
    luna,
    nsrr,
    profusion,
    readers,
    table,
    wonambi,
)
from xai_sleep.errors import InputError
from xai_sleep.recordings.files import Files
from xai_sleep.recordings.filtering import prepare, reach
from xai_sleep.recordings.intervals import Intervals, intervals
from xai_sleep.recordings.recording import Recording, Signals
from xai_sleep.recordings.sources import Wanted

BANDS = [(0.5, 35.0)]
NAMED = [mark for mark in EVENTS if mark.kind != "scored"]
ONE_RATER = anonymous(NAMED)
SPINDLES = [mark._replace(channel="") for mark in ONE_RATER if mark.kind == "spindle"]
# Of each form of marks: ending, text, and what it can say of events, raters, channels and stages.
MARKS: dict[str, tuple[str, str, list[Mark], bool]] = {
    "CSV": ("csv", table([*NAMED, *NIGHT]), NAMED, True),
    "CSV by the clock": ("csv", table([*NAMED, *NIGHT], time=clock), NAMED, True),
    "TSV": ("tsv", table([*NAMED, *NIGHT], "\t"), NAMED, True),
    "Luna": ("annot", luna([*NAMED, *NIGHT]), NAMED, True),
    "NSRR": ("xml", nsrr(ONE_RATER), ONE_RATER, True),
    "Profusion": ("xml", profusion(ONE_RATER), ONE_RATER, True),
    "Wonambi": ("xml", wonambi(NAMED), NAMED, True),
    "EDFbrowser text": ("txt", edfbrowser_text([*ONE_RATER, *NIGHT]), ONE_RATER, True),
    "EDFbrowser XML": ("xml", edfbrowser_xml([*ONE_RATER, *NIGHT]), ONE_RATER, True),
    "DREAMS": ("txt", dreams_text(SPINDLES, "[vis1_Spindles/C3-A2]"), SPINDLES, False),
}


# EEGLAB keeps no time of day.
REFUSED = {("EEGLAB", "CSV by the clock"): "does not say when it began; write seconds"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folder of each form of signals, without marks."""
    folders = {}
    for name, (ending, write) in FORMS.items():
        folders[name] = tmp_path_factory.mktemp("form")
        write(folders[name] / f"night.{ending}")
    return folders


@pytest.fixture(scope="module")
def expected() -> Signals:
    """Make the signal as a network would see it, without any file."""
    signals, nothing = truth(at(RATE))[None].astype(np.float32), intervals([])
    made = Recording("night", "night", signals, ("C3-M2",), RATE, nothing, nothing)
    return np.asarray(prepare(made, sfreq=100.0, bands=BANDS).signals[0])


@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize("form", FORMS)
def test_signals_and_marks_are_the_same(
    form: str,
    marks: str,
    written: dict[str, Path],
    record_property: Callable[[str, object], None],
    expected: Signals,
    tmp_path: Path,
) -> None:
    shutil.copytree(written[form], tmp_path, dirs_exist_ok=True)
    ending, text, said, staged = MARKS[marks]
    (tmp_path / f"night.{ending}").write_text(text)
    names = ["spindle"] if any(mark.kind == "arousal" for mark in said) else None
    source = Files(str(tmp_path), scored="all", event_names=names, marks=readers())
    wanted = Wanted("spindle", [["C3-M2", "C3-A2"]])
    if (form, marks) in REFUSED:
        with pytest.raises(InputError, match=REFUSED[form, marks]):
            list(source.read(wanted))
        record_property("form", (form, marks, "refused"))
        return
    (one,) = source.read(wanted)

    seen = prepare(one, sfreq=100.0, bands=BANDS).signals[0]
    whole = np.ones(len(seen), dtype=bool)
    if form == "EDF+ with a gap":
        near = reach(BANDS[0][0])
        whole[round((GAP[0] - near) * 100) : round((GAP[1] + near) * 100)] = False
        (missing,) = {tuple(np.round(_unscored(each.scored), 6)) for each in one.scorers.values()}
        assert missing[0] <= GAP[0] < GAP[1] <= missing[1]
    assert np.sqrt(np.mean((seen - expected)[whole] ** 2)) < 1.0

    own = [m for m in said if m.kind == "spindle" and m.channel in ("C3", "")]
    raters = {m.expert or "expert1" for m in own}
    assert set(one.scorers) == raters
    for rater in raters:
        mine = [(m.onset, m.end) for m in own if (m.expert or "expert1") == rater]
        np.testing.assert_allclose(one.scorers[rater].events, intervals(mine), atol=0.005)
    left = {f"spindle on {m.channel} (left out)" for m in said if m.channel == "C4"}
    assert left <= set(one.kinds)
    if staged:
        assert one.stages is not None
        codes = {"W": 0, "N1": 1, "N2": 2, "N3": 3, "R": 4, "?": -1}
        each = [codes[stage.kind] for stage in NIGHT]
        per = round(30 / one.epoch)
        assert one.stages.tolist() == np.repeat(each, per).tolist()
    record_property("form", (form, marks, "alike"))


def _unscored(scored: Intervals) -> Intervals:
    """Find the stretch between scored time."""
    assert scored[0, 0] == 0
    assert scored[-1, 1] == SECONDS
    return np.array([scored[0, 1], scored[1, 0]])
