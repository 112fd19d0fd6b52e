"""What cannot be composed is named, and answered with what there is."""

import shlex
from dataclasses import fields
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from tests.support.runs import ROOT
from xai_sleep.config import composition_error, config_dir
from xai_sleep.schema import Config, TrainerConfig

# An experiment is added to the choices and is not one of them.
GROUPS = [
    path
    for path in (ROOT / "conf").iterdir()
    if path.is_dir() and path.name not in ("hydra", "experiment")
]
SETTINGS = [f"trainer.{field.name}" for field in fields(TrainerConfig)]


def refusal(*overrides: str) -> str:
    with (
        initialize_config_dir(str(config_dir()), version_base="1.3"),
        pytest.raises((HydraException, OmegaConfBaseException, ValueError)) as caught,
    ):
        compose("config", list(overrides))
    said = composition_error(caught.value, overrides, Config)
    assert "\n" not in said
    return said


def test_an_unknown_one_of_several_choices_is_named() -> None:
    said = refusal("leak=[carried_weights,smote]")
    assert said == "leak: there is no choice smote; --help lists them"


@pytest.mark.parametrize("group", GROUPS, ids=lambda path: path.name)
def test_an_unknown_choice_is_answered_with_those_there_are(group: Path) -> None:
    choices = ", ".join(sorted(path.stem for path in group.glob("*.yaml")))
    said = f"{group.name}=nonesuch: no such choice; available for {group.name}: {choices}"
    assert refusal(f"{group.name}=nonesuch", "seed=1") == said


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_slip_of_the_finger_is_answered_with_the_name_meant(setting: str) -> None:
    group, _, name = setting.partition(".")
    slip = f"{group}.{name[0]}{name[2:]}{name[1]}"
    assert refusal(f"{slip}=1").startswith(
        f"there is no setting {slip} (did you mean {name}?); {group} has "
    )


def test_settings_that_are_not_in_the_schema_are_listed_from_the_yaml() -> None:
    said = "there is no setting model.k (did you mean kernel?); model has filters, kernel, hop, "
    assert refusal("model=cnn1d_power", "model.kernl=3").startswith(said.replace(".k ", ".kernl "))


def test_what_has_no_settings_is_referred_to_the_help() -> None:
    assert refusal("seed.x=1") == "there is no setting seed.x; --help lists them"


def test_an_experiment_is_added() -> None:
    assert "use +experiment=tuning" in refusal("experiment=tuning")
    assert "available for experiment: replication, tuning" in refusal("+experiment=nonesuch")


def test_what_is_none_of_these_is_said_in_the_words_of_hydra() -> None:
    assert refusal("~nothing") == "Could not delete from config. 'nothing' does not exist."


@pytest.mark.parametrize(
    "folder", ["müller", "研究", "a=b", "study (2020)", "a,b", "O'Brien", "a#1", 'a"b']
)
def test_a_value_that_must_be_quoted_is_shown_in_its_quotes(folder: str) -> None:
    """And what is shown is right: the shell and Hydra make the folder of it again."""
    said = refusal(f"data.root={folder}")
    (word,) = shlex.split(said[said.index("data.root=", said.index(": ")) - 1 :])
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        assert compose("config", [word]).data.root == folder


def test_a_list_has_its_words_quoted() -> None:
    said = refusal("task.channels=[[C3-A2 (ref),C4]]")
    assert said.endswith("""'task.channels=[["C3-A2 (ref)","C4"]]'""")
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        channels = compose("config", ['task.channels=[["C3-A2 (ref)","C4"]]']).task.channels
    assert channels == [["C3-A2 (ref)", "C4"]]
