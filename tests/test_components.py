"""Components are made from their settings, and what one lacks is said in one line."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pytest
from omegaconf import ListConfig

from xai_sleep.components import build, made
from xai_sleep.errors import InputError


@runtime_checkable
class Bell(Protocol):
    """What is asked for here."""

    @property
    def weight(self) -> float:
        """In kg."""
        ...

    def ring(self, times: int) -> str:
        """Say it so many times."""
        ...


@dataclass
class Brass:
    """A bell."""

    weight: float
    words: list[str]
    kept: str = ""

    def ring(self, times: int) -> str:
        """Say it."""
        return " ".join(self.words * times)


@dataclass
class Stone:
    """None."""

    weight: float


def refuse(weight: float) -> None:
    raise InputError(f"a bell of {weight:g} kg is too heavy")


HERE = f"{__name__}."


def test_a_component_is_made_from_its_settings_and_what_is_added() -> None:
    settings = {"_target_": f"{HERE}Brass", "weight": 2.0, "words": ["ding", "dong"]}
    bell = build(Bell, "bell", settings, kept="here")
    assert bell == Brass(2.0, ["ding", "dong"], "here")
    assert type(vars(bell)["words"]) is list
    assert bell.ring(2) == "ding dong ding dong"


def test_a_function_keeps_what_the_user_set() -> None:
    ring = made("bell", {"_target_": f"{HERE}Brass", "_partial_": True, "words": ["ding"]})
    assert callable(ring)
    assert ring(weight=1.0) == Brass(1.0, ["ding"])


@pytest.mark.parametrize(
    ("component", "said"),
    [
        ({"weight": 1.0}, "bell has no _target_; name its class or function there"),
        ({"_target_": "nowhere.Bell"}, r"bell\._target_=nowhere\.Bell cannot be imp.*PYTHONPATH"),
        ({"_target_": f"{HERE}Gong"}, r"bell\._target_=.*Gong cannot be imported"),
        ({"_target_": f"{HERE}Brass"}, "'weight' and 'words'; .*Brass was given nothing"),
        ({"_target_": f"{HERE}Brass", "wieght": 1.0}, "'wieght'; .*Brass was given wieght: set"),
        (
            {"_target_": f"{HERE}Brass", "weight": 1.0, "words": {"_target_": "nowhere.words"}},
            r"^bell\.words: No module named 'nowhere'$",
        ),
        ({"_target_": f"{HERE}Stone", "weight": 1.0}, "Stone is no Bell, it lacks ring;"),
        ({"_target_": f"{HERE}refuse", "weight": 9.0}, "a bell of 9 kg is too heavy"),
    ],
)
def test_what_is_wrong_with_a_component_is_one_line(
    component: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        build(Bell, "bell", component)
    assert "\n" not in str(caught.value)


def test_an_interruption_is_none_of_the_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """OmegaConf, interrupted half-way, fails at what it has not made yet: that is told by it."""

    def failed(*_: object) -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise AttributeError("half-made")

    monkeypatch.setattr(ListConfig, "append", failed)
    with pytest.raises(KeyboardInterrupt):
        made("bell", {"_target_": f"{HERE}Brass", "weight": 2.0, "words": ["ding"]})
