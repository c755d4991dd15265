"""Connections that break after a commit, and a pooler between ``watch`` and Postgres."""

from __future__ import annotations

from dataclasses import replace

from tests.anomalies.watch import Place, activity, logged
from tests.anomalies.watch.writing import COUNTING, SUM, Writer
from tests.commands import run
from tests.support.lost_commits import losing_commits
from tests.support.pooler import pgbouncer
from tests.support.waiting import wait_for


def test_a_commit_whose_result_is_unknown_counts_once(place: Place) -> None:
    place.once(module=COUNTING)
    writer = Writer(place, 1500)
    with losing_commits(place.url) as losses:
        behind = replace(place, url=losses.url)
        with behind.running(module=COUNTING) as process:
            writer.start()
            wait_for(lambda: losses.lost >= 6 and process.says("not possible now"))
            writer.may_end.set()
            writer.join()
            wait_for(lambda: place.number(SUM) >= writer.sent)
            assert process.end() == 0

    assert not process.says("another process reads the same lines")
    assert place.once(module=COUNTING).returncode == 0
    assert place.number(SUM) == writer.sent


def test_behind_a_transaction_pooler_nothing_is_lost_or_doubled(
    place: Place, needs_pgbouncer: None
) -> None:
    (place.folder / "b.log").touch()
    # Both processes share one session of Postgres.
    with pgbouncer(place.url, default_pool_size="1") as url:
        behind = replace(place, url=url)
        behind.once(module=COUNTING)
        writer = Writer(place, 1500)
        with behind.running(module=COUNTING) as first, behind.running("b", "b.log", COUNTING):
            writer.start()
            wait_for(lambda: place.number(SUM) > 0)
            first.kill()
        writer.may_end.set()
        writer.join()
        assert behind.once(module=COUNTING).returncode == 0

    assert place.number(SUM) == writer.sent


def test_behind_a_transaction_pooler_a_finding_is_reported_and_decided(
    place: Place, needs_pgbouncer: None
) -> None:
    place.write(activity(requests=300, reads=0, missing=300, ids=300, pages=0))
    with pgbouncer(place.url, default_pool_size="1") as url:
        behind = replace(place, url=url)
        [line] = logged(behind.once(ANOMALY_ACTIONS="*=lower-limit"), "ANOMALY")
        for action in ("accept", "undo"):
            result = run(place.folder, "findings", action, line["id"], **behind.settings())
            assert (result.returncode, result.stderr) == (0, "")

    assert place.query("select clerk_id from slowed_users") == []
    assert place.number("select count(*) from audit_log where action = 'LOWER_RATE_LIMIT'") == 1
