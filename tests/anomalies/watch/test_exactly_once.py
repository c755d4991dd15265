"""Whatever happens to the processes, each line and each change counts exactly once."""

from __future__ import annotations

import random
import time
from functools import partial

import psycopg

from futuretracker.anomalies.evaluation import evaluate
from futuretracker.database.queries.watch_turns import take_turn
from tests.anomalies.watch import WITHIN, Place, activity
from tests.anomalies.watch.writing import COUNTING, READ, SUM, Writer
from tests.support.waiting import wait_for


def _has_read(place: Place, lines: int) -> bool:
    return place.number(READ) >= lines


def test_a_process_that_is_killed_loses_nothing_and_doubles_nothing(place: Place) -> None:
    place.once(module=COUNTING)  # the first start begins with the current file
    writer = Writer(place, 2000)
    writer.start()
    chance = random.Random()  # noqa: S311 - for a test
    for _ in range(5):
        before = place.number(READ)
        more = chance.randint(1, 400)
        with place.running(module=COUNTING) as process:
            wait_for(partial(_has_read, place, before + more))
            time.sleep(chance.random() / 2)
            process.kill()
    writer.may_end.set()
    writer.join()
    assert place.once(module=COUNTING).returncode == 0

    assert place.number(SUM) == writer.sent
    assert place.number("select count(*) from watch_inbox") == 0
    [[lines, skipped]] = place.query("select lines, skipped from watch_sources")
    assert skipped == {"not-json": lines // 2}


def test_another_host_takes_over_and_evaluates_what_both_have_read(place: Place) -> None:
    for name in ("a.log", "b.log"):
        (place.folder / name).touch()
    with (
        place.running("a", "a.log", COUNTING) as first,
        place.running("b", "b.log", COUNTING) as second,
    ):
        processes = {"a": first, "b": second}
        place.write(activity(requests=10), file="a.log")
        place.write(activity(requests=7), file="b.log")
        # The lines of the host that stands by are evaluated as well.
        wait_for(lambda: place.number(SUM) == 17)

        [[leader]] = place.query("select leader from watch_state")
        [other] = {"a", "b"} - {leader}
        processes[leader].kill()
        place.write(activity(requests=100), file=f"{leader}.log")
        place.write(activity(requests=1000), file=f"{other}.log")
        wait_for(lambda: place.number(SUM) == 1017)
        assert place.query("select leader from watch_state") == [(other,)]
        assert processes[other].says("this host evaluates")

        with place.running(leader, f"{leader}.log", COUNTING):
            wait_for(lambda: place.number(SUM) == 1117)


def test_a_host_stands_by_while_another_one_evaluates(place: Place) -> None:
    with (
        psycopg.connect(place.url, autocommit=True) as first,
        psycopg.connect(place.url, autocommit=True) as second,
    ):
        assert evaluate(first, host="a", lease=WITHIN)
        assert evaluate(second, host="b", lease=WITHIN) is None
        assert evaluate(first, host="a", lease=WITHIN)
        assert evaluate(second, host="b", lease=0)
        assert evaluate(first, host="a", lease=WITHIN) is None
        # While a transaction evaluates, the others do not wait for it.
        with second.transaction():
            assert take_turn(second, host="b", lease=0) is not None
            assert evaluate(first, host="a", lease=0) is None


def test_two_processes_that_read_the_same_file_count_each_line_once(place: Place) -> None:
    place.once(module=COUNTING)
    writer = Writer(place, 1500)
    with place.running("a", module=COUNTING), place.running("a", module=COUNTING):
        writer.start()
        writer.may_end.set()
        writer.join()
        wait_for(lambda: place.number(SUM) >= writer.sent)
    assert place.once(module=COUNTING).returncode == 0

    assert place.number(SUM) == writer.sent


def test_an_outage_of_the_database_loses_nothing(place: Place) -> None:
    with place.running(module=COUNTING) as process:
        place.write(activity(requests=1))
        wait_for(lambda: place.number(SUM) == 1)
        place.query("alter role futuretracker_watch nologin")
        try:
            place.query(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where usename = 'futuretracker_watch'"
            )
            place.write(activity(requests=10))
            wait_for(lambda: process.says("not possible now"))
        finally:
            place.query("alter role futuretracker_watch login")
        place.write(activity(requests=100))
        wait_for(lambda: place.number(SUM) == 111)
        assert process.end() == 0


def test_changes_count_once_as_soon_as_no_older_one_can_appear(place: Place) -> None:
    change = (
        "insert into audit_log (user_id, actor, action, request_id, client, at)"
        " select id, clerk_id, %s, 'request', 'web', now() - %s::interval from users"
        " where clerk_id = 'user_a'"
    )
    for action in ("CREATE_OPPORTUNITY", "DELETE_OPPORTUNITY", "DELETE_ROUND", "ERASE_USER"):
        place.query(change, action, "1 minute")
    place.query(change, "CREATE_OPPORTUNITY", "-10 minutes")  # not settled yet
    place.query(change, "CREATE_OPPORTUNITY", "1 minute")
    place.once(module=COUNTING)
    place.once(module=COUNTING)

    sums = "select sum((profile::json ->> '{}')::int) from watch_profiles"
    assert place.number(sums.format("writes")) == 2
    assert place.number(sums.format("deletes")) == 1
    place.query("update audit_log set at = at - interval '11 minutes'")
    place.once(module=COUNTING)
    assert place.number(sums.format("writes")) == 4
