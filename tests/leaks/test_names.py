"""Which leaks can be asked for, and where."""

import pytest

from tests.support.runs import composed
from xai_sleep.errors import InputError
from xai_sleep.leaks.names import LEAKS, leaky_prefix


def test_no_leak_is_on_by_default() -> None:
    assert composed().leak.names == []


@pytest.mark.parametrize(("scheme", "cannot"), [("kfold", 2), ("loso", 1)])
def test_all_are_those_that_the_scheme_can_make(scheme: str, cannot: int) -> None:
    names = list(LEAKS)
    del names[cannot]
    assert composed("leak=all", f"cv={scheme}").leak.names == names


def test_every_leak_is_a_choice_of_the_command_line() -> None:
    for name, leak in LEAKS.items():
        assert composed(f"leak={name}", f"cv={leak.scheme or 'loso'}").leak.names == [name]


def test_names_stand_in_one_order_and_once() -> None:
    asked = "leak.names=[carried_weights,scaling_on_all,carried_weights]"
    assert composed(asked).leak.names == ["scaling_on_all", "carried_weights"]
    assert "smote_before_split" not in composed("leak=all", "balance=none").leak.names


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["leak.names=[smote]"], r"leak.names holds 'smote'; each must be one of all, smote_bef"),
        (["leak=overlapping_windows"], "overlapping_windows, .*cv=loso keeps all windows of a sub"),
        (["leak=shared_subjects", "cv=kfold"], "shared_subjects, .*every subject on both sides"),
        (["leak=smote_before_split", "balance=none"], "smote_before_split, .*sampler is null"),
        (["leak.names=all"], "leak.names"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(overrides: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        composed(*overrides)


def test_the_directory_of_a_leaky_run_is_named_so() -> None:
    assert leaky_prefix(["carried_weights"]) == "LEAKY-"
    assert leaky_prefix([]) == leaky_prefix(None) == ""
