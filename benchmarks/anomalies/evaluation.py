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

GRACE: Final = 3600  # seconds after an incident in which a finding still counts


class Watches(Protocol):
    """What the evaluation needs of an engine."""

    def observe(
        self, observation: Observation, profiles: MutableMapping[str, Profile]
    ) -> list[Alarm]:
        """Return what is suspicious."""


class Raised(NamedTuple):
    """A finding as the operator hears of it: when it is new, and when its severity grows."""

    finding: Finding
    at: float
    is_new: bool


@dataclass
class Outcome:
    """How an incident went. ``delay`` is in seconds, and None if nobody noticed."""

    incident: Incident
    delay: float | None = None
    kinds: list[str] = field(default_factory=list)


@dataclass
class Result:
    """What the engine found in a world."""

    seed: int
    outcomes: list[Outcome]
    false_alarms: list[Raised]
    user_days: int
    observations: int
    seconds: float  # of the engine and the findings, without the simulation


def evaluate(world: World, engine: Watches) -> tuple[Result, dict[str, Profile]]:
    """Run a world through an engine; return the result and the profiles at the end."""
    profiles: dict[str, Profile] = {}
    findings: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    raised: list[Raised] = []
    number, seconds = 0, 0.0
    for observation in world.observations():
        number += 1
        began = time.perf_counter()
        for alarm in engine.observe(observation, profiles):
            known = findings[alarm.kind, alarm.subject]
            if found := _announced(alarm, known):
                raised.append(Raised(found, arrival(observation), found.times == 1))
        seconds += time.perf_counter() - began
    outcomes, false_alarms = judge(world.incidents, raised)
    result = Result(world.seed, outcomes, false_alarms, world.user_days(), number, seconds)
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
            delay = one.at - outcome.incident.start
            outcome.delay = delay if outcome.delay is None else min(delay, outcome.delay)
            outcome.kinds.append(one.finding.kind)
        if one.is_new and not about:
            false_alarms.append(one)
    return outcomes, false_alarms


def _announced(alarm: Alarm, known: list[Finding]) -> Finding | None:
    """Fold an alarm into the findings; return the finding if the operator hears of it."""
    finding, outcome = fold(alarm, known)
    before = next((f for f in known if f.id == finding.id), None)
    known[:] = [*(f for f in known if f.id != finding.id), finding][-5:]
    if outcome == "suppressed":
        return None
    if before is None:
        return finding
    grows = SEVERITIES.index(finding.severity) > SEVERITIES.index(before.severity)
    return finding if grows else None


def _during(raised: Raised, incident: Incident) -> bool:
    return incident.start <= raised.at <= incident.end + GRACE
