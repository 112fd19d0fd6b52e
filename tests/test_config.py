"""The schema and the YAML files agree, and every check names the setting that it refuses."""

import shutil
from dataclasses import asdict, fields, is_dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

import xai_sleep.config
from tests.support.runs import ROOT, composed
from xai_sleep.config import config_dir, settled, validate
from xai_sleep.errors import InputError
from xai_sleep.schema import Bound, Config

GONE = object()
GROUPS = {
    folder.name: sorted(path.stem for path in folder.glob("*.yaml"))
    for folder in (ROOT / "conf").iterdir()
    if folder.is_dir() and folder.name != "hydra"
}
CHANGED = [
    f"{'+' * (group == 'experiment')}{group}={choice}"
    for group, choices in sorted(GROUPS.items())
    for choice in choices
    if group not in ("task", "model", "cv")
]

DEFAULT = OmegaConf.structured(composed())


def value(config: Config, key: str) -> Any:
    found: Any = config
    for part in key.split("."):
        found = getattr(found, part)
    return found


def checked(*settings: str) -> Config:
    """Change settings of the default configuration, and check it."""
    return validate(DictConfig(OmegaConf.merge(DEFAULT, OmegaConf.from_dotlist(list(settings)))))


def leaves(schema: Any, prefix: str = "") -> set[str]:
    """Every setting of a dataclass by its full name."""
    names: set[str] = set()
    for each in fields(schema):
        held = getattr(schema, each.name)
        key = prefix + each.name
        names |= leaves(held, f"{key}.") if is_dataclass(held) else {key}
    return names


def declared(schema: Any, what: str, prefix: str = "") -> dict[str, Any]:
    """Options or bounds of every setting that has them, by its full name."""
    told: dict[str, Any] = {}
    for each in fields(schema):
        held, key = getattr(schema, each.name), prefix + each.name
        told |= declared(held, what, f"{key}.") if is_dataclass(held) else {}
        told |= {key: each.metadata[what]} if what in each.metadata else {}
    return told


CHOICES: dict[str, tuple[str, ...]] = declared(Config(), "options")
BOUNDS: dict[str, Bound] = declared(Config(), "bound")
LARGEST = {key: top for key, bound in BOUNDS.items() if (top := bound.at_most) is not None}


@pytest.mark.parametrize(
    ("task", "model", "cv"), list(product(GROUPS["task"], GROUPS["model"], GROUPS["cv"]))
)
def test_every_task_model_and_scheme_can_be_combined(task: str, model: str, cv: str) -> None:
    config = composed(f"task={task}", f"model={model}", f"cv={cv}")
    assert (config.task.name, config.cv.scheme) == (task, cv)
    assert config.model["_target_"].startswith("xai_sleep.models.")


@pytest.mark.parametrize("choice", CHANGED)
def test_every_choice_of_the_other_groups_is_valid(choice: str) -> None:
    assert isinstance(composed(choice), Config)


@pytest.mark.parametrize(
    ("choices", "foreign"),
    [(("cv=loso",), {"cv.folds"}), (("cv=kfold",), {"cv.val_blocks"})],
)
def test_yaml_holds_every_setting_of_the_schema(
    choices: tuple[str, ...], foreign: set[str]
) -> None:
    """So every setting is seen with ``--cfg job``, and can be overridden by its name alone.

    Those that belong to another choice of a group are not there, and cannot be set by mistake.
    """
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        raw = compose("config", [*choices, "output_dir=unused"])
    missing = {key for key in leaves(Config()) if OmegaConf.select(raw, key, default=GONE) is GONE}
    assert missing == foreign


def test_a_list_can_be_given_in_whole_numbers() -> None:
    config = composed("task.band=[1,30]", "task.input_bands=[[1,4],[11.0,16]]")
    assert config.task.band == [1.0, 30.0]
    assert config.task.input_bands == [[1, 4], [11.0, 16]]


@pytest.mark.parametrize("key", sorted(CHOICES))
def test_a_choice_that_does_not_exist_is_answered_with_those_that_do(key: str) -> None:
    said = rf"{key} is 'nonesuch'; it must be one of {', '.join(CHOICES[key])}$"
    with pytest.raises(InputError, match=said):
        checked(f"{key}=nonesuch")


@pytest.mark.parametrize("key", sorted(BOUNDS))
def test_a_number_out_of_range_is_answered_with_the_range(key: str) -> None:
    bound = BOUNDS[key]
    low = bound.above if bound.at_least is None else bound.at_least
    assert low is not None
    bad, words = (low, "greater than") if bound.at_least is None else (low - 1, "at least")
    with pytest.raises(InputError, match=rf"^{key} is {bad:g}; it must be {words} {low:g}$"):
        checked(f"{key}={bad:g}")


@pytest.mark.parametrize("key", sorted(LARGEST))
def test_a_number_that_is_too_large_is_answered_with_the_largest(key: str) -> None:
    assert value(checked(f"{key}={LARGEST[key]:.15g}"), key) == LARGEST[key]
    with pytest.raises(
        InputError, match=rf"^{key} is [\d.]+; it must be at most {LARGEST[key]:.15g}$"
    ):
        checked(f"{key}={LARGEST[key] + 1:.15g}")


@pytest.mark.parametrize("word", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("key", [k for k in BOUNDS if isinstance(value(checked(), k), float)])
def test_numbers_are_finite(key: str, word: str) -> None:
    with pytest.raises(InputError, match=rf"^{key} is {word}; it must be "):
        checked(f"{key}={word}")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("task.channels=[]",), "task.channels is empty; list the accepted names of each"),
        (("task.channels=[[C3],[]]",), "task.channels is empty"),
        (("task.min_overlap=5",), r"task.min_overlap \(5 s\) must be shorter than task.window"),
        (("task.band=[1]",), r"task.band holds \[1.0\]; a band is two rising frequencies"),
        (("task.band=[30,1]",), r"task.band holds \[30.0, 1.0\]"),
        (("task.band=[0,30]",), r"task.band holds \[0.0, 30.0\]"),
        (("task.band=[1,50]",), r"between 0 and half of task.sfreq \(50 Hz\)"),
        (("task.sfreq=60",), r"between 0 and half of task.sfreq \(30 Hz\)"),
        (("task.input_bands=[[1,4],[9]]",), r"task.input_bands holds \[9\]"),
        (("task.input_bands=[alpha]",), "task.input_bands holds alpha"),
        (("task.input_bands=[[1,high]]",), r"task.input_bands holds \[1, 'high'\]"),
        (("task.band=[0.1,30]",), r"from 0.1 Hz reaches 16.9 s, past cv.guard \(5 s\)"),
        (("task.input_bands=[[0.2,4]]",), r"task.input_bands: a filter from 0.2 Hz reaches"),
        (("detector.iou=1.5",), "detector.iou is 1.5; it must be at most 1"),
        (("detector.step=0.125",), r"detector.step is 0.125 s, which is 12.5 samples at task.sfr"),
        (("detector.step=6",), r"detector.step \(6 s\) must not be longer than task.window \(5 s"),
        (("explain.tolerance=5",), r"explain.tolerance \(5 s\) must be shorter than task.window"),
        (("cv.guard=1",), r"past cv.guard \(1 s\), and would carry test samples into training"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    overrides: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        checked(*overrides)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("C3-M2", [["C3-M2"]]),
        ("[C3-M2]", [["C3-M2"]]),
        ("[[C3-M2,C3]]", [["C3-M2", "C3"]]),
        ("[C3-M2,[O1-M2,O1]]", [["C3-M2"], ["O1-M2", "O1"]]),
        ('"C3-(M1+M2)/2"', [["C3-(M1+M2)/2"]]),
        ("EEG C3:A2", [["EEG C3:A2"]]),
    ],
)
def test_channels_may_be_written_in_every_way_that_is_clear(
    written: str, meant: list[list[str]]
) -> None:
    image = f"task.image_channels.coherence={written}"
    task = composed(f"task.channels={written}", image).task
    assert task.channels == task.image_channels["coherence"] == meant


@pytest.mark.parametrize("written", ["1.10", "[C3-M2,[1.10]]", "[true]", "[[[C3]]]", "[]", "null"])
def test_channels_that_are_no_names_are_refused_by_the_setting(written: str) -> None:
    with pytest.raises(InputError, match=r"^task\.channels"):
        composed(f"task.channels={written}")


@given(st.floats(0.05, 4.0), st.floats(0.0, 20.0))
@settings(deadline=None, max_examples=25)
def test_no_filter_reaches_past_the_guard(low: float, guard: float) -> None:
    """Whatever band and guard are asked for: it is refused, or far enough from every edge."""
    overrides = (f"task.band=[{low},30]", "task.input_bands=null", f"cv.guard={guard}")
    longest = 0.5 * 3.3 / min(max(low / 4, 2), low)
    if longest < guard - 0.5:
        assert checked(*overrides).cv.guard == guard
    elif longest > guard:
        with pytest.raises(InputError, match=r"past cv\.guard"):
            checked(*overrides)


def test_values_are_checked_by_type_from_a_notebook_too() -> None:
    base = OmegaConf.structured(composed())
    assert validate(base) == composed()
    with pytest.raises(InputError, match=r"there is no setting sead \(did you mean seed\?\)"):
        validate(OmegaConf.create({"sead": 1}))
    with pytest.raises(InputError, match=r"trainer\.max_epochs: Value 'many'"):
        validate(OmegaConf.create({"trainer": {"max_epochs": "many"}}))
    with pytest.raises(InputError, match="model has no _target_; name the network's class there"):
        composed("~model._target_")
    with pytest.raises(InputError, match=r"^task\.name is not said; "):
        validate(OmegaConf.create({"seed": 1}))


def test_the_configuration_is_beside_the_package_or_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config_dir() == ROOT / "conf"
    monkeypatch.setattr(xai_sleep.config, "__file__", str(tmp_path / "xai_sleep" / "config.py"))
    assert config_dir() == tmp_path / "conf"
    shutil.copytree(ROOT / "conf", tmp_path / "xai_sleep" / "conf")
    assert config_dir() == tmp_path / "xai_sleep" / "conf"


def test_what_results_depend_on_is_taken_up_again() -> None:
    config = composed("task=rem", "model=cnn2d", "explain=all", "logger.project=elsewhere")
    kept = settled(config)
    assert validate(OmegaConf.create(asdict(kept))) == kept
    assert (kept.task, kept.model, kept.explain) == (config.task, config.model, config.explain)
    assert kept.output_dir == ""
    assert kept.logger.project == "xai_sleep"
    assert not {"cache", "memory"} & {name for each in kept.input.values() for name in each}
