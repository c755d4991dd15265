"""``prune-recent``: each step of ``prune`` has finished in the last day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from futuretracker.checks.finding import Verdict
from futuretracker.database.queries.prune import STEPS
from tests.checks.conftest import look, subject_of

if TYPE_CHECKING:
    from tests.checks.conftest import Database

INSERT = """
insert into prune_runs (step, finished_at, removed)
values (%s, now() - make_interval(hours => %s), 0)
"""


@pytest.mark.parametrize(
    ("ages", "verdict", "found"),
    [
        ([], Verdict.WARNING, "prune has never run."),
        ([1, 2, 0, 1], Verdict.OK, "prune finished 120 minutes ago."),
        (
            [1, 25, 0, 1],
            Verdict.WARNING,
            "prune has not finished for more than a day: idempotencyKeys.",
        ),
        ([1, 1, 1], Verdict.WARNING, "prune has not finished for more than a day: erasures."),
    ],
)
def test_each_step_has_to_run_every_day(
    database: Database, settings: dict[str, str], ages: list[int], verdict: Verdict, found: str
) -> None:
    with psycopg.connect(database.owner_url) as conn:
        for step, hours in zip(STEPS, ages, strict=False):
            conn.execute(INSERT, [step, hours])

    subject = subject_of({**settings, "DATABASE_URL": database.service_url})
    finding = look("prune-recent", subject)

    assert (finding.verdict, finding.found) == (verdict, found)
