from __future__ import annotations

from typing import Any

import pytest

from futuretracker.anomalies.alarms import Alarm
from futuretracker.anomalies.findings import Finding, fold

DAY = 86400
ALARM = Alarm(
    kind="scraping",
    severity="medium",
    subject="session:sess_1",
    user="user_1",
    reason="100 pages",
    figures={"pages": 100},
    evidence=("a", "b"),
    first_seen=1000.0,
    last_seen=2000.0,
    pattern="curl",
    strength=100.0,
    action="revoke-session",
)


def opened(**changes: Any) -> Finding:
    finding, outcome = fold(ALARM, [])
    assert outcome == "new"
    return finding._replace(**changes)


def test_a_first_alarm_is_a_new_finding() -> None:
    finding = opened()
    assert finding.id.startswith("anom_")
    assert finding.id != opened().id
    assert (finding.state, finding.times) == ("open", 1)
    for name in Alarm._fields:
        assert getattr(finding, name) == getattr(ALARM, name)


def test_a_second_alarm_extends_the_finding() -> None:
    before = opened()
    stronger = ALARM._replace(
        severity="high", reason="200 pages", strength=200.0, last_seen=3000.0, evidence=("b", "c")
    )
    after, outcome = fold(stronger, [before])
    assert outcome == "extended"
    assert (after.id, after.times, after.severity) == (before.id, 2, "high")
    assert (after.first_seen, after.last_seen) == (1000, 3000)
    assert (after.reason, after.strength) == ("200 pages", 200)
    assert after.evidence == ("a", "b", "c")


def test_a_weaker_alarm_does_not_change_what_the_finding_says() -> None:
    before = opened(severity="high", state="accepted")
    after, outcome = fold(ALARM._replace(reason="50 pages", strength=50.0), [before])
    assert outcome == "extended"
    assert (after.state, after.severity, after.reason) == ("accepted", "high", "100 pages")


def test_evidence_has_at_most_twenty_requests() -> None:
    finding = opened()
    for number in range(30):
        more = ALARM._replace(evidence=(f"{number}", f"{number}x"))
        finding, _ = fold(more, [finding])
    assert len(finding.evidence) == 20


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"first_seen": 2000.0 + DAY}, "extended"),
        ({"first_seen": 2001.0 + DAY}, "new"),
        ({"first_seen": 1.0, "last_seen": 500.0}, "extended"),  # late
        ({"first_seen": 1.0 - 3 * DAY, "last_seen": 999.0 - DAY}, "new"),  # too late
        ({"kind": "mass-delete"}, "new"),
        ({"subject": "session:sess_2"}, "new"),
    ],
)
def test_which_alarm_continues_a_finding(changes: dict[str, Any], expected: str) -> None:
    alarm = ALARM._replace(last_seen=ALARM.last_seen + 2 * DAY)
    _, outcome = fold(alarm._replace(**changes), [opened()])
    assert outcome == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "suppressed"),
        ({"strength": 200.0}, "suppressed"),
        ({"strength": 201.0}, "new"),
        ({"pattern": "python"}, "new"),
        ({"kind": "mass-delete"}, "new"),
        ({"subject": "session:sess_2"}, "suppressed"),  # of the same user
        ({"subject": "session:sess_2", "user": "user_2"}, "new"),
        ({"subject": "network:20.1.1.0/24", "user": ""}, "new"),
        ({"first_seen": 500.0 * DAY, "last_seen": 500.0 * DAY}, "suppressed"),
    ],
)
def test_a_dismissed_pattern_is_remembered_for_the_user(
    changes: dict[str, Any], expected: str
) -> None:
    _, outcome = fold(ALARM._replace(**changes), [opened(state="dismissed")])
    assert outcome == expected


def test_a_dismissed_finding_without_a_pattern_covers_only_its_subject() -> None:
    dismissed = opened(state="dismissed", pattern="")
    same = ALARM._replace(pattern="")
    assert fold(same, [dismissed])[1] == "suppressed"
    assert fold(same._replace(subject="session:sess_2"), [dismissed])[1] == "new"


def test_what_is_suppressed_does_not_grow() -> None:
    """Otherwise somebody could double what was dismissed each day."""
    finding = opened(state="dismissed")
    finding, _ = fold(ALARM._replace(strength=200.0), [finding])
    assert (finding.strength, finding.times) == (100, 2)
    assert fold(ALARM._replace(strength=400.0), [finding])[1] == "new"


def test_a_dismissed_finding_of_before_does_not_hide_that_it_goes_on() -> None:
    known = [opened(state="dismissed", strength=10.0), opened()]
    after, outcome = fold(ALARM, known)
    assert (after.id, outcome) == (known[1].id, "extended")
