"""Folds, and so subjects, cannot be called like what is over all folds."""

from dataclasses import replace

import pytest

from tests.support.recordings import make_recording
from tests.support.runs import composed
from xai_sleep.errors import InputError
from xai_sleep.experiment.run import divide


@pytest.mark.parametrize("name", ["pooled", "mean"])
def test_a_subject_that_tables_could_not_tell_apart_is_refused_before_training(name: str) -> None:
    config = composed("data=synthetic", "cv=loso")
    made = [make_recording(str(i), seconds=120, sfreq=100) for i in range(3)]
    subjects = [replace(each, subject=each.record) for each in made]
    assert [fold.name for fold in divide(config, subjects)] == ["0", "1", "2"]
    subjects[1] = replace(subjects[1], subject=name)
    with pytest.raises(InputError, match=rf"a fold is called {name}, .*; rename the subject"):
        divide(config, subjects)
