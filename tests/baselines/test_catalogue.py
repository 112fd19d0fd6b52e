"""All baselines by name."""

import json

from tests.support.trials import EVENTS, loso, noise, scored_by
from xai_sleep.baselines.catalogue import CATALOGUE, measure
from xai_sleep.config import BASELINES


def test_settings_know_all_names() -> None:
    assert tuple(CATALOGUE) == BASELINES


def test_what_cannot_be_had_is_named_with_its_reason() -> None:
    found = measure(loso(noise()), ["automatic", "experts", "threshold"])
    assert list(found) == ["automatic", "experts", "threshold"]
    assert all(each["skipped"] for each in found.values())


def test_results_are_json_and_repeat() -> None:
    recordings = [scored_by(r, automatic=(EVENTS, 200)) for r in noise()]
    first, again = (measure(loso(recordings), ["automatic", "trivial"]) for _ in range(2))
    assert list(first) == ["automatic", "never", "always", "coin"]
    text = json.dumps(first, allow_nan=False)
    assert json.loads(text) == first == again


def test_none_asked_for() -> None:
    assert measure(loso(noise()), []) == {}
