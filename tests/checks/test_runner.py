"""The runner: a check cannot break others, or run longer than its time limit."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from futuretracker.checks.checklist import ITEMS, Item
from futuretracker.checks.finding import Failed, Undecided, Verdict, ok
from futuretracker.checks.runner import run
from tests.checks.conftest import subject_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject


def broken(_subject: Subject) -> Finding:
    message = "connect to postgresql://a:hunter2@host"
    raise ValueError(message)


def endless(_subject: Subject) -> Finding:
    threading.Event().wait()
    return ok("never")


def undecided(_subject: Subject) -> Finding:
    raise Undecided("Nothing to see.", "Look elsewhere.")


def failed(_subject: Subject) -> Finding:
    raise Failed("It is broken.", "Fix it.")


def fine(_subject: Subject) -> Finding:
    return ok("Fine.")


def test_a_check_that_raises_is_unknown_and_shows_no_secret() -> None:
    broke, well = run([Item("broken", "", broken), Item("fine", "", fine)], subject_of({}))

    assert broke.finding.verdict == Verdict.UNKNOWN
    assert broke.finding.found == "The check itself failed: ValueError."
    assert well.finding.verdict == Verdict.OK


def test_checks_that_never_end_are_unknown_after_their_time_limit() -> None:
    started = time.monotonic()
    items = [Item(f"endless-{number}", "", endless, within=2) for number in range(20)]
    results = run([*items, Item("fine", "", fine)], subject_of({}))
    seconds = time.monotonic() - started

    assert [result.finding.verdict for result in results] == [Verdict.UNKNOWN] * 20 + [Verdict.OK]
    assert 2 <= seconds < 30  # one after the other they take 40


def test_undecided_and_failed_become_findings() -> None:
    one, other = run([Item("undecided", "", undecided), Item("failed", "", failed)], subject_of({}))

    assert (one.finding.verdict, one.finding.remedy) == (Verdict.UNKNOWN, "Look elsewhere.")
    assert (other.finding.verdict, other.finding.remedy) == (Verdict.ERROR, "Fix it.")


def test_a_cause_is_shown_once_and_what_depends_on_it_is_skipped() -> None:
    def depends(_subject: Subject) -> Finding:
        raise Undecided("Nothing to see.", "Look elsewhere.", cause="cause")

    def depends_and_is_an_error(_subject: Subject) -> Finding:
        raise Failed("It is broken.", "Fix it.", cause="cause")

    def verdicts(cause: Callable[[Subject], Finding]) -> list[str]:
        checks = {"before": depends, "cause": cause, "error": depends_and_is_an_error}
        results = run([Item(name, "", check) for name, check in checks.items()], subject_of({}))
        return [result.finding.verdict for result in results]

    assert verdicts(fine) == ["unknown", "ok", "error"]
    # An error stays one unless the cause is an error too.
    assert verdicts(undecided) == ["skipped", "unknown", "error"]
    assert verdicts(failed) == ["skipped", "error", "skipped"]
    # The item that examines the cause keeps its own verdict.
    assert verdicts(depends) == ["skipped", "unknown", "error"]


def test_without_settings_only_checks_of_files_are_ok() -> None:
    """There are no files and no outer walls, so their checks find nothing wrong."""
    subject = subject_of({"BACKUP_DIRECTORY": "/nonexistent"})
    fine = {
        result.item.id for result in run(ITEMS, subject) if result.finding.verdict == Verdict.OK
    }

    files = {"env-file-private", "env-file-ignored", "credentials-readable", "privileged-secrets"}
    walls = {"origin-hidden", "origin-pulls", "jails-running"}
    optional = {"anomalies-evaluated"}
    assert fine - files - walls - optional <= {"listening-ports"}


def test_every_failing_check_has_a_remedy() -> None:
    for result in run(ITEMS, subject_of({})):
        if result.finding.verdict != Verdict.OK:
            assert result.finding.remedy, result.item.id
        assert result.finding.found.endswith("."), result
