"""What ``watch`` finds becomes a row, one log line and a metric."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from futuretracker.anomalies.evaluation import evaluate
from futuretracker.anomalies.gauges import AnomalyMetrics
from futuretracker.anomalies.profile import Profile
from futuretracker.anomalies.reader import Reader
from futuretracker.anomalies.sources.log_file import LogFile
from futuretracker.telemetry.exposition import exposition
from tests.anomalies.watch import Place, activity, logged
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path


def scan(number: int, at: float | None = None) -> bytes:
    """Return a line of a session that asks for ids that it does not know."""
    return activity(
        at=time.time() - 60 + number if at is None else at,
        requests=300,
        reads=0,
        missing=300,
        ids=300,
        pages=0,
        requestIds=[f"scan-{number}"],
    )


def test_an_incident_is_one_line_one_row_and_a_metric(place: Place) -> None:
    place.write(*(scan(number) for number in range(3)))
    [line] = logged(place.once(), "ANOMALY")

    assert (line["kind"], line["userId"]) == ("id-enumeration", "user_a")
    assert re.fullmatch("anom_[0-9a-f]{16}", line["id"])
    assert set(line["requestIds"]) <= {"scan-0", "scan-1", "scan-2"} != set()
    assert list(line) == [
        *("timestamp", "type", "id", "kind", "severity", "subject", "userId", "reason", "figures"),
        *("firstSeen", "lastSeen", "suggestedAction", "requestIds"),
    ]
    [row] = place.query(
        "select id, kind, severity, subject, clerk_id, reason, action, state, announced"
        " from anomaly_findings"
    )
    names = ("id", "kind", "severity", "subject", "userId", "reason", "suggestedAction")
    assert row == (*(line[name] for name in names), "open", True)
    text = exposition(*metrics(place.folder)).decode()
    labels = f'kind="id-enumeration",severity="{line["severity"]}",state="open"'
    assert f"futuretracker_anomaly_findings{{{labels}}} 1.0" in text
    assert "futuretracker_watch_lines_total 3.0" in text
    assert "futuretracker_watch_leader 1.0" in text
    assert "futuretracker_watch_inbox_batches 0.0" in text
    [evaluated] = re.findall(
        r"^futuretracker_watch_evaluated_timestamp_seconds (\S+)", text, re.MULTILINE
    )
    assert 0 <= time.time() - float(evaluated) < 600

    place.write(*(scan(number) for number in range(3, 6)))
    assert logged(place.once(), "ANOMALY") == []
    assert place.number("select count(*) from anomaly_findings") == 1


def metrics(folder: Path) -> list[AnomalyMetrics]:
    return [AnomalyMetrics(folder)]


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"lines": 1}', '{"lines": NaN}'])
def test_without_a_usable_file_no_metric_has_a_sample(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "anomalies.json").write_text(content)

    text = exposition(*metrics(tmp_path)).decode()
    lines = [line for line in text.splitlines() if line.startswith("futuretracker_")]
    assert [line for line in lines if "watch" in line or "anomaly" in line] == []


def test_a_line_that_a_killed_process_could_not_write_is_written_later(place: Place) -> None:
    """The finding is committed, and the process ends before its line."""
    place.write(*(scan(number) for number in range(3)))
    with psycopg.connect(place.url, autocommit=True) as conn:
        Reader(LogFile(place.log, "a"), "a").step(conn)
        assert evaluate(conn, host="a", lease=0)
    [[finding]] = place.query("select id from anomaly_findings where not announced")

    assert [line["id"] for line in logged(place.once(), "ANOMALY")] == [finding]
    assert logged(place.once(), "ANOMALY") == []


def test_what_an_operator_dismissed_is_not_reported_again(place: Place) -> None:
    day, hour = 86400, 3600
    # Within one hour, because the first hour that is over says what is usual.
    before = time.time() // hour * hour - 3 * day + 600
    place.write(*(scan(number, before + number) for number in range(3)))
    assert len(logged(place.once(), "ANOMALY")) == 1
    place.query("update anomaly_findings set state = 'dismissed', strength = 1e6")
    place.write(*(scan(number) for number in range(3)))

    assert logged(place.once(), "ANOMALY") == []
    [(state, times)] = place.query("select state, times from anomaly_findings")
    assert state == "dismissed"
    assert times > 1


def test_with_a_user_goes_what_is_known_of_the_user(place: Place) -> None:
    place.write(*(scan(number) for number in range(3)), activity("user_b"))
    place.once()
    of_users = "select count(*) from watch_profiles where clerk_id = %s"
    assert place.query(of_users, "user_a") == [(1,)]
    place.query("select futuretracker_begin_erasure(null, 'user_a', 1, 'request')")
    place.query("select futuretracker_continue_erasure('user_a', 1000)")

    assert place.query(of_users, "user_a") == [(0,)]
    assert place.query(of_users, "user_b") == [(1,)]
    assert place.number("select count(*) from anomaly_findings") == 0

    # Lines that were read before the erasure bring nothing back.
    place.write(*(scan(number) for number in range(3)))
    assert logged(place.once(), "ANOMALY") == []
    assert place.query(of_users, "user_a") == [(0,)]
    assert place.number("select count(*) from anomaly_findings") == 0


def test_an_erasure_waits_for_an_evaluation_that_is_about_to_write(place: Place) -> None:
    place.query("select futuretracker_begin_erasure(null, 'user_a', 1, 'request')")
    with psycopg.connect(place.url) as watch, psycopg.connect(place.owner_url) as service:
        watch.execute("select pg_advisory_xact_lock(hashtextextended('futuretracker watch', 0))")
        service.execute("set lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            service.execute("select futuretracker_continue_erasure('user_a', 1000)")


def test_an_erasure_does_not_wait_while_profiles_become_text(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With little of the processor, this may take long."""
    free: list[tuple[bool]] = []
    dump = Profile.dump

    def watched(profile: Profile) -> str:
        lock = "pg_try_advisory_xact_lock(hashtextextended('futuretracker watch', 0))"
        free.extend(place.query(f"select {lock}"))
        return dump(profile)

    monkeypatch.setattr(Profile, "dump", watched)
    place.write(activity())
    with psycopg.connect(place.url, autocommit=True) as conn:
        Reader(LogFile(place.log, "a"), "a").step(conn)
        assert evaluate(conn, host="a", lease=0)

    assert set(free) == {(True,)}


def test_the_counts_are_saved_while_it_runs_and_it_ends_with_sigterm(place: Place) -> None:
    with place.running() as process:
        place.write(activity(), b"{broken\n")
        wait_for(lambda: _read(place).get("lines") == 2)
        assert _read(place)["skipped"] == {"not-json": 1}
        assert process.end() == 0
    assert (place.folder / "anomalies.json").stat().st_mode & 0o777 == 0o644


def _read(place: Place) -> dict[str, object]:
    file = place.folder / "anomalies.json"
    values: dict[str, object] = json.loads(file.read_text()) if file.exists() else {}
    return values
