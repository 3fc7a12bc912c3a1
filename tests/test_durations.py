"""The one parser of durations."""

from datetime import timedelta

import pytest

from reproq_worker.durations import parse


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("100ms", 0.1),
        ("5s", 5),
        ("1m", 60),
        ("1h", 3600),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("2h45m30.5s", 9930.5),
        ("250us", 0.00025),
        ("250µs", 0.00025),
        ("250μs", 0.00025),
        ("7d", 604800),
        ("0", 0),
        ("0s", 0),
        ("30", 30),
        (" 2.5 ", 2.5),
        (30, 30),
        (0.25, 0.25),
        (timedelta(minutes=2), 120),
    ],
)
def test_reads(text, seconds):
    assert parse(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "s",
        "5 s",
        "1w",
        "1h30",
        "five",
        "1e3",
        "--5s",
        "5ss",
        "1m,5s",
        "٣s",
        None,
        True,
        [5],
        "nan",
        "inf",
        float("nan"),
        float("inf"),
        b"5s",
    ],
)
def test_refuses_what_is_none(text):
    with pytest.raises(ValueError, match="not a duration"):
        parse(text)


@pytest.mark.parametrize("value", ["-5s", -1, timedelta(seconds=-1)])
def test_refuses_what_lies_in_the_past(value):
    with pytest.raises(ValueError, match="duration"):
        parse(value)


@pytest.mark.parametrize("value", ["999999999999d", 1e300, 10**400])
def test_refuses_what_no_clock_can_hold(value):
    with pytest.raises(ValueError, match="too long"):
        parse(value)
