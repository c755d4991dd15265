"""What a line is: JSON as python-json-logger writes it, and how it gets to stdout."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from functools import partial
from http import HTTPStatus
from select import PIPE_BUF
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import pytest
from pythonjsonlogger.json import JsonEncoder

from futuretracker.server.event_loop import EventLoop
from futuretracker.telemetry.json_lines import JsonLines, Stdout, timestamp
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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


PROGRAM = """
from futuretracker.telemetry import events, json_lines, stderr
stderr.begin()
print("first")
events.event("AUDIT")
events.event("RESPONSE")
print("second")
events.event("AUDIT")
turn = json_lines.stdout_handler().collecting()
turn.__enter__()
events.event("REQUEST")
"""


class Pipe:
    """A pipe that keeps each write apart, up to PIPE_BUF bytes of it."""

    def __init__(self) -> None:
        self.reader, writer = os.pipe2(os.O_DIRECT | os.O_NONBLOCK)
        self.handler = Stdout(os.fdopen(writer, "w"))
        self.handler.setFormatter(JsonLines())

    def say(self, *kinds: str, text: str = "") -> None:
        """Log an event of each kind."""
        for kind in kinds:
            self.handler.handle(logging.makeLogRecord({"msg": kind, "event": {"text": text}}))

    def writes(self) -> list[list[str]]:
        """Return what has arrived since the last time: of each write its lines' kinds or words."""
        found = []
        with suppress(BlockingIOError):
            while data := os.read(self.reader, 2 * PIPE_BUF):
                assert data.endswith(b"\n")
                found.append([kind_of(line) for line in data.decode().splitlines()])
        return found


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    with suppress(OSError):  # it is closed
        os.close(pipe.reader)
    with suppress(BrokenPipeError):
        pipe.handler.stream.close()


class Turn:
    """A worker's turn, with the pipe as its log."""

    def __init__(self, pipe: Pipe) -> None:
        self.handler = pipe.handler
        self.loop = EventLoop(self.handler.flush_lines, threads=1)

    def serve(self, *work: Callable[[], None]) -> None:
        """Do all of the work in greenlets, to its end."""
        with self.handler.collecting():
            for one in work:
                self.loop.spawn(one)
            self.loop.turn(0)


@pytest.fixture
def turn(pipe: Pipe) -> Turn:
    return Turn(pipe)


def test_a_line_is_written_at_once(pipe: Pipe) -> None:
    pipe.say("REQUEST", "AUDIT")

    assert pipe.writes() == [["REQUEST"], ["AUDIT"]]


def test_the_lines_of_a_turn_are_one_write_before_anything_is_sent(pipe: Pipe, turn: Turn) -> None:
    seen = []

    def work() -> None:
        pipe.say("REQUEST")
        turn.loop.wait_to_send()
        seen.append(pipe.writes())
        pipe.say("AUDIT", "RESPONSE")
        turn.loop.wait_to_send()
        seen.append(pipe.writes())

    turn.serve(work, work)

    lines = ["AUDIT", "RESPONSE"]
    assert seen == [[["REQUEST"] * 2], [], [lines * 2], []]


def test_what_waits_goes_with_a_line_of_another_thread(pipe: Pipe, turn: Turn) -> None:
    def work() -> None:
        pipe.say("REQUEST")
        with ThreadPoolExecutor() as pool:
            pool.submit(pipe.say, "LOG")
        assert pipe.writes() == [["REQUEST", "LOG"]]

    turn.serve(work)


def test_lines_that_a_pipe_would_not_keep_in_one_piece_are_written_one_by_one(
    pipe: Pipe, turn: Turn
) -> None:
    longest = "x" * (PIPE_BUF - len(line_of("RESPONSE", "")))

    def work() -> None:
        pipe.say("AUDIT", "RESPONSE", text=longest[: PIPE_BUF // 2])
        pipe.say("AUDIT", "AUDIT", "RESPONSE", text=longest)

    turn.serve(work)

    assert pipe.writes() == [["AUDIT"], ["RESPONSE"], ["AUDIT"], ["AUDIT"], ["RESPONSE"]]


def test_two_lines_of_just_what_a_pipe_keeps_are_one_write(pipe: Pipe, turn: Turn) -> None:
    rest = PIPE_BUF - len(line_of("AUDIT", "")) - len(line_of("RESPONSE", ""))

    def work() -> None:
        pipe.say("AUDIT", text="x" * rest)
        pipe.say("RESPONSE")

    turn.serve(work)

    assert pipe.writes() == [["AUDIT", "RESPONSE"]]


def test_a_reader_that_is_gone_breaks_no_turn(
    pipe: Pipe, turn: Turn, capsys: pytest.CaptureFixture[str]
) -> None:
    os.close(pipe.reader)
    turn.serve(partial(pipe.say, "REQUEST"))

    assert "BrokenPipeError" in capsys.readouterr().err


def test_a_reader_that_is_gone_breaks_nobody(
    pipe: Pipe, capsys: pytest.CaptureFixture[str]
) -> None:
    os.close(pipe.reader)
    pipe.say("REQUEST", "AUDIT", "RESPONSE", text="x" * PIPE_BUF)

    assert "BrokenPipeError" in capsys.readouterr().err


def test_what_is_printed_stays_in_its_place_and_what_waits_is_written_at_the_end(
    pipe: Pipe,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=servers.ROOT,
        env={"PATH": os.environ["PATH"]},
        stdout=pipe.handler.stream,
        stderr=subprocess.PIPE,
        check=True,
        timeout=120,
    )

    assert pipe.writes() == [["first", "AUDIT"], ["RESPONSE"], ["second", "AUDIT"], ["REQUEST"]]
    assert done.stderr == b""


def kind_of(line: str) -> str:
    return str(json.loads(line)["type"]) if line.startswith("{") else line


def line_of(kind: str, text: str) -> str:
    record = logging.makeLogRecord({"msg": kind, "event": {"text": text}})
    return JsonLines().format(record) + "\n"
