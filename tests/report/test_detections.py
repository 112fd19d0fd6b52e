"""What event detection leaves behind, as far as there is any."""

from pathlib import Path

import numpy as np
import pytest

from xai_sleep.report.detections import read_detections


def test_a_run_without_detection_left_nothing(tmp_path: Path) -> None:
    left = read_detections(tmp_path)
    assert (left.detections, left.traces) == (None, {})
    assert left.events_of("a") is None


def test_events_are_read_by_record(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(
        "record,subject,fold,onset,duration,confidence\n"
        'b,s,f,5,1.5,.9\n"a, the first",s,f,3,1,.8\nb,s,f,1,.5,.7\n'
    )
    left = read_detections(tmp_path)
    expected = {"b": [[1, 1.5], [5, 6.5]], "a, the first": [[3, 4]], "c": []}
    for record, events in expected.items():
        found = left.events_of(record)
        assert found is not None
        assert found.tolist() == events


def test_activation_is_read_by_record(tmp_path: Path) -> None:
    values = np.array([0.25, np.nan, 1], dtype=np.float16)
    np.savez(tmp_path / "activation.npz", a=values, a_relevance=values[::-1], b=values, step=0.5)
    found = read_detections(tmp_path).traces
    assert set(found) == {"a", "b"}
    assert found["a"].time == pytest.approx([0, 0.5, 1])
    np.testing.assert_array_equal(found["a"].probability, values)
    assert found["a"].relevance is not None
    np.testing.assert_array_equal(found["a"].relevance, values[::-1])
    assert found["b"].relevance is None
