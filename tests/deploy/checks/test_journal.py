"""The check of audit lines, with a real journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from futuretracker.checks.finding import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from futuretracker.checks.finding import Finding
    from tests.deploy.checks.conftest import Edge
    from tests.deploy.checks.journal import Journal

pytestmark = pytest.mark.needs("root", "systemd")


def test_the_log_lines_of_a_write_through_the_public_url_are_found(
    journal: Journal, edge: Callable[..., Edge], tmp_path: Path
) -> None:
    front = edge()
    journal.follow(tmp_path)
    finding = front.find("audit-lines")

    assert (finding.verdict, finding.found) == (
        Verdict.OK,
        "A write through the public URL left its REQUEST and AUDIT lines.",
    )


def test_a_service_with_output_outside_the_journal_is_an_error(
    journal: Journal, edge: Callable[..., Edge]
) -> None:
    """Old lines of the service in the journal prove nothing."""
    journal.write('{"type": "AUDIT", "outcome": "success"}')
    finding = edge().find("audit-lines")

    assert finding.verdict == Verdict.ERROR
    assert "left no AUDIT line" in finding.found


def test_a_journal_without_lines_of_the_service_is_undecided(
    journal: Journal, find: Callable[..., Finding]
) -> None:
    journal.write("somebody logged in", "sshd")
    finding = find("audit-lines")

    assert finding.verdict == Verdict.UNKNOWN
    assert "no line of futuretracker-api" in finding.found


@pytest.mark.parametrize(("kind", "verdict"), [("AUDIT", Verdict.OK), ("LOG", Verdict.WARNING)])
def test_without_a_public_url_any_audit_line_is_enough(
    journal: Journal, find: Callable[..., Finding], kind: str, verdict: Verdict
) -> None:
    journal.write(f'{{"timestamp": "2026-01-01T00:00:00.000Z", "type": "{kind}"}}')

    assert find("audit-lines").verdict == verdict


def test_a_host_without_a_journal_is_undecided(
    find: Callable[..., Finding], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = find("audit-lines")

    assert (finding.verdict, finding.found) == (
        Verdict.UNKNOWN,
        "There is no journal on this host.",
    )
