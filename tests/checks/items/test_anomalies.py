"""The check of anomaly detection reads what ``watch`` has written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from futuretracker.anomalies.gauges import FILE, Numbers, save
from futuretracker.checks.finding import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from futuretracker.checks.finding import Finding


@pytest.fixture
def found(find: Callable[..., Finding], tmp_path: Path) -> Callable[[], Finding]:
    return lambda: find("anomalies-evaluated", ANOMALY_DIRECTORY=str(tmp_path))


def test_without_the_file_it_is_not_installed(found: Callable[[], Finding]) -> None:
    finding = found()

    assert finding.verdict == Verdict.OK
    assert finding.found.endswith("anomaly detection is not installed here.")


@pytest.mark.parametrize(
    ("saved", "evaluated", "sentence"),
    [
        (0, 0, "The log lines were evaluated 0 seconds ago."),
        (0, 601, "No host has evaluated for 10 minutes."),
        (0, None, "No host has evaluated yet."),
        (900, 900, "watch has not run for 15 minutes on this host."),
    ],
)
def test_an_evaluation_must_be_recent(
    tmp_path: Path,
    found: Callable[[], Finding],
    saved: int,
    evaluated: int | None,
    sentence: str,
) -> None:
    at = None if evaluated is None else time.time() - evaluated
    save(tmp_path, Numbers(evaluated_at=at, saved_at=time.time() - saved))
    finding = found()

    if evaluated == 0:
        assert finding.verdict == Verdict.OK
        return
    assert (finding.verdict, finding.found) == (Verdict.WARNING, sentence)


def test_a_damaged_file_is_undecided(tmp_path: Path, found: Callable[[], Finding]) -> None:
    (tmp_path / FILE).write_text("{}")

    assert found().verdict == Verdict.UNKNOWN
