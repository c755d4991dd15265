"""What a line is: JSON as python-json-logger writes it, and a time as JavaScript writes it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from http import HTTPStatus
from typing import NamedTuple
from uuid import UUID

import pytest
from pythonjsonlogger.json import JsonEncoder

from futuretracker.lines import JsonLines, timestamp


class Colour(Enum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


class Pair(NamedTuple):
    left: int
    right: str


@dataclass
class Point:
    x: float


class Text(str):
    __slots__ = ()


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


ODD = [
    None,
    True,
    -(2**70),
    0.1,
    1e300,
    float("nan"),
    float("-inf"),
    "",
    "Stra\xdfe \u2028 \x7f \x00 \U0001f600",
    "half a pair: \ud800, \udfff",
    '"\\/\n',
    Text("text"),
    b"\xff",
    UUID(int=7),
    date(2026, 1, 15),
    time(17, 57, 33, 1),
    datetime(2026, 1, 15, 17, 57, 33, tzinfo=UTC),
    Decimal("1.10"),
    Colour.RED,
    Colour,
    Number.ONE,
    HTTPStatus.CREATED,
    Pair(1, "b"),
    Point(0.5),
    Point,
    ValueError("out of\norder"),
    {1, 2},
    Unspeakable(),
    [],
    {},
    [[{"a": [UUID(int=7), ({"b": None},)]}]],
    {1: 2, None: 3, False: 4, 0.5: 5, "\ud800": {"\xe9": Colour.RED}},
]


@pytest.mark.parametrize("value", ODD)
def test_an_event_is_the_json_that_the_library_writes(value: object) -> None:
    record = logging.makeLogRecord({"msg": "ODD", "created": 0, "event": {"value": value, "n": 1}})
    whole = {"timestamp": timestamp(0), "type": "ODD", "value": value, "n": 1}

    assert JsonLines().format(record) == JsonEncoder().encode(whole)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1768499853.0, "2026-01-15T17:57:33.000Z"),
        (1768499853.9999, "2026-01-15T17:57:33.999Z"),
        (1768499853.0015, "2026-01-15T17:57:33.001Z"),
    ],
)
def test_a_timestamp_is_written_as_javascript_does(seconds: float, text: str) -> None:
    assert timestamp(seconds) == text


def test_a_timestamp_is_the_one_that_datetime_writes() -> None:
    """Around the ends of milliseconds and of seconds, where the rounding shows."""
    for millisecond in range(0, 5000, 37):
        for step in range(-8, 9):  # of about the clock's own resolution
            seconds = 1768499853 + millisecond / 1000 + step * 2**-22
            moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
            assert timestamp(seconds) == moment.replace("+00:00", "Z")
