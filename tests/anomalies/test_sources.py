"""Files are read through rotations and pipes to their end; a line has a longest length."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from futuretracker.anomalies.lines import LONGEST
from futuretracker.anomalies.sources.log_file import LogFile
from futuretracker.anomalies.sources.splitting import Lines

if TYPE_CHECKING:
    from pathlib import Path

LONG = b"x" * 300


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "service.log"
    file.touch()
    return file


def everything(source: LogFile, position: str | None) -> tuple[list[bytes], str]:
    """Open a file at a position; return what follows, and the new position."""
    source.open(position)
    found: list[bytes] = []
    while True:
        chunk = source.read(2, 0)
        found += chunk.lines
        if chunk.ended and not chunk.lines:
            source.close()
            return found, chunk.position


def append(file: Path, *lines: bytes) -> None:
    with file.open("ab") as opened:
        opened.write(b"".join(line + b"\n" for line in lines))


def read(log: Path, position: str | None = None) -> tuple[list[bytes], str]:
    return everything(LogFile(log, "a"), position)


def test_a_file_is_continued_where_it_was(log: Path) -> None:
    append(log, b"1", b"2", b"3")
    lines, position = read(log)
    assert lines == [b"1", b"2", b"3"]
    append(log, b"4")

    assert read(log, position)[0] == [b"4"]
    assert read(log, read(log, position)[1])[0] == []


def test_a_line_that_is_not_finished_is_read_when_it_is(log: Path) -> None:
    log.write_bytes(b"1\n2")
    lines, position = read(log)
    assert lines == [b"1"]
    append(log, b"3")

    assert read(log, position)[0] == [b"23"]


@pytest.mark.parametrize("name", ["service.log.1", "service.log-20261129"])
def test_a_rotated_file_is_read_to_its_end_first(log: Path, name: str) -> None:
    append(log, b"1")
    _, position = read(log)
    append(log, b"2")
    log.rename(log.with_name(name))
    append(log, b"3")

    assert read(log, position)[0] == [b"2", b"3"]


def test_several_rotations_are_followed_in_order(log: Path) -> None:
    append(log, b"1")
    _, position = read(log)
    for number in range(2, 5):
        append(log, b"%d" % number)
        os.utime(log, ns=(number * 10**9, number * 10**9))
        log.rename(log.with_name(f"service.log.{9 - number}"))
    append(log, b"5")
    (log.parent / "service.log.note").write_text("not a log\n")

    assert read(log, position)[0] == [b"2", b"3", b"4", b"5"]


def test_a_file_that_was_emptied_is_read_from_its_beginning(log: Path) -> None:
    append(log, b"1", LONG)
    source = LogFile(log, "a")
    _, position = everything(source, None)
    log.write_bytes(b"2\n")
    assert read(log, position)[0] == [b"2"]

    # While the file is open, and if it has grown beyond its former size.
    source.open(None)
    assert source.read(9, 0).lines == [b"2"]
    log.write_bytes(b"3\n" + LONG + b"\n")
    assert source.read(9, 0).lines == [b"3", LONG]
    source.close()


def test_a_copy_is_continued_after_the_file_was_emptied(log: Path) -> None:
    """The option copytruncate of logrotate."""
    append(log, LONG)
    _, position = read(log)
    append(log, b"1")
    log.with_name("service.log.1").write_bytes(log.read_bytes())
    log.write_bytes(b"2\n")

    assert read(log, position)[0] == [b"1", b"2"]


def test_another_file_with_the_same_inode_is_read_from_its_beginning(log: Path) -> None:
    append(log, b"old", LONG)
    _, position = read(log)
    with log.open("r+b") as file:
        file.write(b"new\n" + LONG + b"\n3\n")

    assert read(log, position)[0] == [b"new", LONG, b"3"]


@pytest.mark.parametrize("position", ["", "x", "[]", "{}", '{"inode": "x"}', "null"])
def test_a_position_that_is_not_one_is_the_beginning(log: Path, position: str) -> None:
    append(log, b"1")

    assert read(log, position)[0] == [b"1"]


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LogFile(tmp_path / "missing", "a").open(None)


def test_lines_have_a_longest_length_and_do_not_fill_the_memory() -> None:
    lines = Lines(LONGEST)
    lines.feed(b"1\n")
    for _ in range(100):
        lines.feed(b"x" * LONGEST)
    assert lines.take(9) == ([b"1"], 2, 0)
    lines.feed(b"x\n2\n" + b"y" * (LONGEST + 1) + b"\n" + b"z" * LONGEST + b"\n3")

    found, size, too_long = lines.take(99)
    assert (found, too_long) == ([b"2", b"z" * LONGEST], 2)
    assert size == 100 * LONGEST + 2 + 2 + (LONGEST + 2) + (LONGEST + 1)
    lines.finish()
    assert lines.take(9) == ([b"3"], 2, 0)
