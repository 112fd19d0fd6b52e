"""Which leaks can be asked for, where, and how several are made at once."""

from collections.abc import Callable

import pytest
from hydra.utils import instantiate

from tests.support.runs import composed
from tests.test_architecture import MODULES, own, part_of
from xai_sleep.config import config_dir
from xai_sleep.errors import InputError
from xai_sleep.recordings.recording import Signals
from xai_sleep.results.files import Leak, Stamp, leaky_prefix
from xai_sleep.schema import Config
from xai_sleep.windows.practice import (
    Balance,
    Balanced,
    Parts,
    Practice,
    chosen,
    leaks,
    together,
)
from xai_sleep.windows.windows import Windows

EVERY = sorted(path.stem for path in (config_dir() / "leak").glob("*_*.yaml"))
ONLY = {"overlapping_windows": "kfold", "shared_subjects": "loso"}


def asked(config: Config) -> list[Practice]:
    return chosen([instantiate(each) for each in config.leak.values()], config)


def names(*overrides: str) -> list[str]:
    return [leak.name for leak in leaks(asked(composed(*overrides)))]


def test_the_clean_path_does_not_know_the_leaks() -> None:
    """They are named by YAML alone."""
    for module, path in MODULES.items():
        if part_of(module) != "leaks":
            assert not {name for name in own(path) if part_of(name) == "leaks"}, module


def test_no_leak_is_made_by_default() -> None:
    assert names() == []
    assert type(together(asked(composed()))) is Practice
    assert Practice.leak is None
    assert len(EVERY) == 7


@pytest.mark.parametrize(("scheme", "cannot"), [("kfold", EVERY[3]), ("loso", EVERY[1])])
def test_all_are_those_that_the_scheme_can_make(scheme: str, cannot: str) -> None:
    assert names("leak=all", f"cv={scheme}") == [name for name in EVERY if name != cannot]


def test_all_are_those_that_the_balance_can_make() -> None:
    assert "smote_before_split" not in names("leak=all", "balance=none")
    assert "smote_before_split" in names("leak=all", "balance=adasyn")


@pytest.mark.parametrize("name", EVERY)
def test_every_leak_is_a_choice_and_marks_its_results(name: str) -> None:
    config = composed(f"leak={name}", f"cv={ONLY.get(name, 'loso')}")
    (practice,) = asked(config)
    assert practice.leak is not None
    assert practice.leak.name == name
    stamp = Stamp("dreams", leaks([practice]))
    assert stamp.tags == ["LEAKY", name]
    assert practice.leak.about in stamp.account
    assert leaky_prefix(config.leak) == "LEAKY-"
    assert leaky_prefix(composed().leak) == ""


def test_several_stand_in_one_order_and_once() -> None:
    two = ["carried_weights", "scaling_on_all"]
    assert names("leak=[scaling_on_all,carried_weights,scaling_on_all]") == two
    assert names("leak=[carried_weights,scaling_on_all]") == two


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["leak=overlapping_windows"], "leak=overlapping_windows .*cv=loso keeps all windows of"),
        (["leak=shared_subjects", "cv=kfold"], "shared_subjects .*every subject on both sides"),
        (["leak=smote_before_split", "balance=none"], "smote_before_split .*sampler is null"),
        (["leak=[carried_weights,overlapping_windows]"], "leak=overlapping_windows cannot be made"),
    ],
)
def test_what_cannot_be_made_is_refused(overrides: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        names(*overrides)


class Sampled(Practice):
    """Somebody's own leak, at the seam of another."""

    leak = Leak("sampled", "twice as many windows")

    def balanced(
        self,
        balance: Balance,  # noqa: ARG002
        parts: Parts,
        cut: Callable[[Windows], Signals],
        seed: int,  # noqa: ARG002
    ) -> Balanced:
        """Balance nothing."""
        return Balanced(cut(parts.train), parts.train.label)


def test_two_that_exclude_each_other_are_refused() -> None:
    (smote,) = asked(composed("leak=smote_before_split"))
    with pytest.raises(InputError, match="holds sampled and smote_before_split, which both change"):
        together(chosen([smote, Sampled()], composed()))


def test_a_practice_that_does_not_say_what_it_is_is_refused() -> None:
    with pytest.raises(InputError, match=r"Practice does not say what it is.*leak = Leak\(name"):
        chosen([Practice()], composed())
