"""Let the real engine watch a world, and compare its findings with the incidents."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from benchmarks.anomalies.world import arrival
from futuretracker.anomalies.alarms import SEVERITIES
from futuretracker.anomalies.findings import fold

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from benchmarks.anomalies.incidents.plan import Incident
    from benchmarks.anomalies.world import World
    from futuretracker.anomalies.alarms import Alarm
    from futuretracker.anomalies.findings import Finding
    from futuretracker.anomalies.observations import Observation
    from futuretracker.anomalies.profile import Profile

KEPT: Final = 5  # findings of a kind and a subject
GRACE: Final = 3600  # seconds after an incident in which a finding still counts


class Watches(Protocol):
    """What the evaluation needs of an engine."""

    def observe(
        self, observation: Observation, profiles: MutableMapping[str, Profile]
    ) -> list[Alarm]:
        """Return what is suspicious."""


class Raised(NamedTuple):
    """An alarm and its finding. The operator hears of it if it is new or its severity grows."""

    finding: Finding
    at: float
    is_new: bool = True
    is_heard: bool = True


@dataclass
class Outcome:
    """How an incident went. ``delay`` is in seconds, and None if nobody noticed."""

    incident: Incident
    delay: float | None = None
    kinds: list[str] = field(default_factory=list)  # of findings
    unheard: int = 0  # alarms that only extended an open finding


@dataclass
class Result:
    """What the engine found in a world."""

    seed: int
    outcomes: list[Outcome]
    false_alarms: list[Raised]
    user_days: int
    observations: int
    seconds: float  # of CPU time of the engine and the findings, without the simulation
    novel: frozenset[str]  # users whose honest behaviour only held-out worlds have

    def novel_alarms(self) -> int:
        """Return how many false alarms are about these users."""
        return sum(raised.finding.user in self.novel for raised in self.false_alarms)


def evaluate(world: World, engine: Watches) -> tuple[Result, dict[str, Profile]]:
    """Run a world through an engine; return the result and the profiles at the end."""
    profiles: dict[str, Profile] = {}
    findings: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    raised: list[Raised] = []
    number, seconds = 0, 0.0
    for observation in world.observations():
        number += 1
        began = time.process_time()
        for alarm in engine.observe(observation, profiles):
            known = findings[alarm.kind, alarm.subject]
            raised.append(_raise(alarm, known, arrival(observation)))
        seconds += time.process_time() - began
    outcomes, false_alarms = judge(world.incidents, raised)
    result = Result(
        world.seed, outcomes, false_alarms, world.user_days(), number, seconds, world.novel
    )
    return result, profiles


def judge(incidents: list[Incident], raised: list[Raised]) -> tuple[list[Outcome], list[Raised]]:
    """Return how each incident went, and the new findings that no incident explains."""
    outcomes = [Outcome(incident) for incident in incidents]
    by_subject: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        for subject in outcome.incident.subjects:
            by_subject[subject].append(outcome)
    false_alarms = []
    for one in raised:
        subjects = {one.finding.subject, f"user:{one.finding.user}"}
        about = [o for s in subjects for o in by_subject.get(s, ()) if _during(one, o.incident)]
        for outcome in about:
            _detect(outcome, one)
        if one.is_new and not about:
            false_alarms.append(one)
    return outcomes, false_alarms


def _detect(outcome: Outcome, raised: Raised) -> None:
    if not raised.is_heard:
        outcome.unheard += 1
        return
    delay = raised.at - outcome.incident.start
    outcome.delay = delay if outcome.delay is None else min(delay, outcome.delay)
    outcome.kinds.append(raised.finding.kind)


def _raise(alarm: Alarm, known: list[Finding], at: float) -> Raised:
    """Fold an alarm into the findings of its kind and subject."""
    finding, outcome = fold(alarm, known)
    before = next((f for f in known if f.id == finding.id), finding)
    known[:] = [*(f for f in known if f.id != finding.id), finding][-KEPT:]
    grows = SEVERITIES.index(finding.severity) > SEVERITIES.index(before.severity)
    return Raised(finding, at, outcome == "new", outcome == "new" or grows)


def _during(raised: Raised, incident: Incident) -> bool:
    return incident.start <= raised.at <= incident.end + GRACE
