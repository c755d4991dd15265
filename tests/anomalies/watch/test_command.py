"""The command ``watch``: its sources, its options, and what it says when it cannot work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from futuretracker.anomalies import gauges
from tests.anomalies.watch import Place, activity, logged
from tests.commands import refused, run

if TYPE_CHECKING:
    from pathlib import Path


def test_stdin_is_read_to_its_end(place: Place) -> None:
    lines = activity("user_a") + b"{broken\n" + activity("user_b").rstrip()
    logged(place.once("--stdin", stdin=lines), "ANOMALY")

    assert place.query("select name, lines, skipped from watch_sources") == [
        ("stdin:a", 3, {"not-json": 1})
    ]
    found = place.query("select subject from watch_profiles where clerk_id is not null order by 1")
    assert found == [("user:user_a",), ("user:user_b",)]

    logged(place.once("--stdin", stdin=activity("user_c")), "ANOMALY")
    assert place.query("select lines from watch_sources") == [(4,)]


def test_a_pipe_is_evaluated_and_the_process_ends_with_it(place: Place) -> None:
    scan = activity("user_a", requests=300, reads=0, missing=300, ids=300, pages=0)
    [line] = logged(place.to_its_end("--stdin", stdin=activity("user_b") + scan), "ANOMALY")

    assert line["kind"] == "id-enumeration"
    assert place.number("select count(*) from watch_inbox") == 0


def test_the_numbers_are_those_after_the_last_evaluation(place: Place) -> None:
    # More than one transaction evaluates.
    place.write(
        *(activity(session=f"sess_{n}", at=time.time() - 600, pages=0) for n in range(2500))
    )
    place.write(activity("user_b", requests=300, reads=0, missing=300, ids=300, pages=0))
    logged(place.once(), "ANOMALY")

    numbers = gauges.read(place.folder)
    assert numbers is not None
    assert (numbers.inbox, numbers.lines) == (0, 2501)
    assert [found[0] for found in numbers.findings] == ["id-enumeration"]


def test_lines_of_a_user_who_is_not_here_leave_nothing(place: Place) -> None:
    place.write(activity("user_nobody"))
    place.once()

    assert place.query("select subject from watch_profiles where clerk_id is not null") == []
    assert place.number("select count(*) from watch_inbox") == 0


def test_an_observation_that_cannot_be_evaluated_does_not_stop_the_others(place: Place) -> None:
    place.query(
        """insert into watch_inbox (host, observations)
        values ('a', '[{"at": 1, "until": 1, "user": "user_a", "client": 7}]')"""
    )
    place.write(activity("user_b"))
    done = place.once()

    assert "observation not evaluated" in [line["message"] for line in logged(done, "LOG")]
    assert place.number("select count(*) from watch_inbox") == 0
    assert place.query("select subject from watch_profiles where subject = 'user:user_b'") != []


def test_without_its_url_it_does_not_start(tmp_path: Path) -> None:
    refused(
        run(tmp_path, "watch", "--once"),
        "The settings are not usable:\n"
        "  - WATCH_DATABASE_URL: missing; set it to the Postgres URL of the role"
        " futuretracker_watch",
    )


def test_a_name_that_is_none_is_refused(place: Place) -> None:
    result = run(place.folder, "watch", "--host", "a b", **place.settings())

    assert (result.returncode, result.stderr) == (
        1,
        "--host must be 1 to 100 letters, digits and ._-\n",
    )


def test_once_says_what_is_missing(place: Place) -> None:
    settings = {**place.settings(), "WATCH_DATABASE_URL": "postgresql://nobody@localhost:1/x"}
    result = run(place.folder, "watch", "--once", "--file", "service.log", **settings)
    assert result.returncode == 1
    assert result.stderr.startswith("The database behind WATCH_DATABASE_URL does not respond: ")

    result = run(place.folder, "watch", "--once", "--file", "missing.log", **place.settings())
    assert result.returncode == 1
    assert "missing.log" in result.stderr
