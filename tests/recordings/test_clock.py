"""Times of day: read, and set against the start of a recording."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xai_sleep.recordings.clock import DAY, Night, Stamp, stamp

STARTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("23:15:02.5", Stamp(83702.5)),
        ("23:15:02,25", Stamp(83702.25)),
        (" 1:02:03 ", Stamp(3723.0)),
        ("12:00:00 am", Stamp(0.0, None, halved=True)),
        ("12:30:00 P.M.", Stamp(45000.0, None, halved=True)),
        ("11:15:02PM", Stamp(83702.0, None, halved=True)),
        ("2024-02-29T23:15:02.500", Stamp(83702.5, date(2024, 2, 29))),
        ("2024-2-9 00:00:01", Stamp(1.0, date(2024, 2, 9))),
        ("30:00:00", Stamp(108000.0)),
        *((said, None) for said in ("12.5", "1:02", "13:00:00 PM", "0:00:00 am", "10:60:00")),
        *((said, None) for said in ("2023-02-29T01:00:00", "1:00:00Z", "1:00:00+01:00", "", "nan")),
        *((said, None) for said in ("-1:00:00", "1:00:6", "01/02/2024 10:00:00", "١:٠٠:٠٠")),
    ],
)
def test_what_is_a_time(said: str, expected: Stamp | None) -> None:
    assert stamp(said) == expected


@given(STARTS, st.floats(0, DAY - 1))
def test_a_time_of_day_is_where_it_was_written(start: datetime, at: float) -> None:
    moment = start + timedelta(seconds=at)
    night = Night(start, DAY)
    halves = f"{moment:%I:%M:%S.%f} {'PM' if moment.hour > 11 else 'AM'}"
    for said in (f"{moment:%H:%M:%S.%f}", halves, f"{moment:%Y-%m-%d %H:%M:%S.%f}"):
        read = stamp(said)
        assert read is not None
        assert abs(night.placed("here", read, said) - at) < 1e-5
