"""After an outage, what waits is evaluated in the order of its times, so that nothing is late."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg

from futuretracker.anomalies import reader as reading
from futuretracker.anomalies import turn
from futuretracker.anomalies.evaluation import evaluate
from futuretracker.anomalies.gauges import AnomalyMetrics
from futuretracker.anomalies.reader import Reader
from futuretracker.anomalies.sources.log_file import LogFile
from futuretracker.telemetry.exposition import exposition
from tests.anomalies.watch import Place, activity, logged
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

HOUR = 3600
LATE = "select sum((skipped ->> 'late')::int) from watch_sources"


def scan(user: str, at: float) -> bytes:
    """Return a line of a session that asks for ids that it does not know."""
    return activity(user, at, requests=300, reads=0, missing=300, ids=300, pages=0)


def change(place: Place, user: str, at: float) -> None:
    """Add a row of the audit table."""
    place.query(
        "insert into audit_log (user_id, actor, action, request_id, client, at)"
        " select id, clerk_id, 'CREATE_OPPORTUNITY', 'request', 'web', to_timestamp(%s)"
        " from users where clerk_id = %s",
        at,
        user,
    )


def found(place: Place) -> set[str]:
    return {user for (user,) in place.query("select clerk_id from anomaly_findings")}


def read(conn: psycopg.Connection, place: Place, host: str, lines: Iterable[bytes]) -> None:
    """Let a host read lines into the inbox."""
    place.write(*lines, file=f"{host}.log")
    reader = Reader(LogFile(place.folder / f"{host}.log", host), host)
    while not reader.ended:
        reader.step(conn, seconds=0)
    reader.close()


def evaluate_all(conn: psycopg.Connection) -> None:
    while (done := evaluate(conn, host="a", lease=0)) and done.more:
        pass


def test_a_new_change_does_not_outrun_lines_that_wait(place: Place) -> None:
    at = time.time() - 2.5 * HOUR
    place.write(*(activity(session=f"sess_{n}", at=at - 60, pages=0) for n in range(1200)))
    place.write(scan("user_b", at), scan("user_c", at))
    change(place, "user_b", time.time() - 60)

    logged(place.once(), "ANOMALY")
    assert found(place) == {"user_b", "user_c"}
    assert place.number(LATE) == 0
    assert place.number("select audit_id from watch_state") == 1


def test_a_process_that_starts_reads_before_it_evaluates_changes(place: Place) -> None:
    place.write(scan("user_b", time.time() - 2.5 * HOUR))
    change(place, "user_b", time.time() - 60)

    with place.running():
        wait_for(lambda: place.number("select audit_id from watch_state") == 1)
        assert found(place) == {"user_b"}
    assert place.number(LATE) == 0


def test_changes_wait_for_lines_that_are_not_read_yet(place: Place) -> None:
    change(place, "user_b", time.time() - 60)
    with psycopg.connect(place.url, autocommit=True) as conn:
        evaluate(conn, host="a", lease=0, has_read=False)
        assert place.number("select audit_id from watch_state") == 0
        # The last batch is that of a reader that has more to read.
        read(conn, place, "a", [activity(at=time.time() - HOUR)])
        evaluate(conn, host="a", lease=0, has_read=False)
        assert place.number("select audit_id from watch_state") == 0
        evaluate(conn, host="a", lease=0)
        assert place.number("select audit_id from watch_state") == 1


def test_a_reader_is_up_to_date_after_new_lines_only(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(reading, "LINES", 2)
    reader = Reader(LogFile(place.log, "a"), "a")
    states = [reader.is_up_to_date]

    with psycopg.connect(place.url, autocommit=True) as conn:
        for lines in ([], [activity(at=now - HOUR)], [activity()], [activity(), activity()]):
            monkeypatch.setattr(reading, "CALM", 0.2)
            reader.step(conn, seconds=0.3)
            place.write(*lines)
            reader.step(conn, seconds=0)
            states.append(reader.is_up_to_date)
    assert states == [False, True, False, True, False]
    monkeypatch.setattr(reading, "CALM", 0)
    assert reader.is_up_to_date
    monkeypatch.setattr(reading, "RECENT", 0)
    assert not reader.is_up_to_date
    reader.close()


def test_lines_of_two_hosts_are_evaluated_in_the_order_of_their_times(place: Place) -> None:
    now = time.time()
    with psycopg.connect(place.url, autocommit=True) as conn:
        read(conn, place, "a", (activity(at=now - 60 * n) for n in range(240, 0, -1)))
        read(conn, place, "b", [scan("user_a", now - 2.5 * HOUR), activity(at=now - 30)])
        evaluate_all(conn)

    assert found(place) == {"user_a"}
    assert place.number(LATE) == 0


def test_many_changes_do_not_fall_behind_the_lines(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "CHANGES", 2)
    now = time.time()
    for minutes in range(240, 0, -3):
        change(place, "user_a", now - 60 * minutes)
    with psycopg.connect(place.url, autocommit=True) as conn:
        read(conn, place, "a", (activity(at=now - 60 * n) for n in range(240, 0, -1)))
        evaluate_all(conn)

    assert place.number("select audit_id from watch_state") == 80
    assert place.number(LATE) == 0


def test_what_comes_too_late_is_counted(place: Place) -> None:
    now = time.time()
    place.write(activity(at=now), b"{broken\n")
    place.once()
    place.write(activity(at=now - 0.9 * HOUR), activity(at=now - 3 * HOUR), b"{broken\n")
    place.once()
    place.write(activity(at=now - 2 * HOUR))
    place.once()

    [[skipped]] = place.query("select skipped from watch_sources")
    assert skipped == {"not-json": 2, "late": 2}
    text = exposition(AnomalyMetrics(place.folder)).decode()
    assert 'futuretracker_watch_lines_skipped_total{reason="late"} 2.0' in text


def test_late_lines_are_counted_for_the_host_that_has_read_them(place: Place) -> None:
    now = time.time()
    with psycopg.connect(place.url, autocommit=True) as conn:
        read(conn, place, "a", [activity(at=now)])
        evaluate_all(conn)
        read(conn, place, "b", [activity(at=now - 3 * HOUR)])
        evaluate_all(conn)

    rows = place.query("select split_part(name, ':', 2), skipped from watch_sources order by 1")
    assert rows == [("a", {}), ("b", {"late": 1})]
