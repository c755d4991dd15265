"""Which attacks a world has, how strong each is, and on which day it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.anomalies.chance import chance
from benchmarks.anomalies.incidents import deletes, keys, outsiders, probes, takeovers, unseen
from futuretracker.anomalies.networks import block

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.anomalies.incidents.scene import Scene

LOUD, MODERATE, STEALTHY = range(3)
STRENGTHS: Final = ("loud", "moderate", "stealthy")
EACH: Final = 2  # attacks of each kind and strength in a world of 120 days
FIRST: Final = 10  # no attack happens before this day

# The names of the detectors that are made for them.
ATTACKS: Final[dict[str, Callable[[Scene, int], set[str] | None]]] = {
    "stolen-token": takeovers.stolen_token,
    "impossible-switching": takeovers.switching,
    "new-client": takeovers.other_client,
    "mass-delete": deletes.mass_delete,
    "woken-account": deletes.wake_up,
    "id-enumeration": probes.enumeration,
    "slow-enumeration": probes.slow_enumeration,
    "scraping": probes.scraping,
    "night-export": probes.night_export,
    "leaked-key": keys.leaked_key,
    "credential-stuffing": outsiders.stuffing,
    "webhook-burst": outsiders.webhooks,
}
UNSEEN: Final[dict[str, Callable[[Scene, int], set[str] | None]]] = {
    "distributed-stuffing": unseen.distributed_stuffing,
    "rotating-proxies": unseen.rotating_proxies,
}


class Incident(NamedTuple):
    """An attack that has happened. ``subjects`` are what a right finding may name."""

    kind: str
    strength: str
    subjects: frozenset[str]
    start: float
    end: float


@dataclass(frozen=True)
class Planned:
    """An attack that is going to happen."""

    kind: str
    strength: int

    def happen(self, scene: Scene) -> Incident | None:
        """Attack; return None if the world has nobody whom this attack fits."""
        attack = {**ATTACKS, **UNSEEN}[self.kind]
        subjects = attack(scene, self.strength)
        if subjects is None:
            return None
        hostile = scene.hostile()
        return Incident(
            self.kind,
            STRENGTHS[self.strength],
            frozenset(subjects | {f"network:{block(o.address)}" for o in hostile if o.address}),
            min(o.at for o in hostile),
            max(o.until for o in hostile),
        )


def plan(seed: int, days: int, *, held_out: bool) -> dict[int, list[Planned]]:
    """Return the attacks by day."""
    rng = chance(seed, "plan")
    found: dict[int, list[Planned]] = {}
    for kind in (*ATTACKS, *(UNSEEN if held_out else ())):
        for strength in range(len(STRENGTHS)):
            for _ in range(EACH):
                # Somebody who wakes up after months must first have been away for months.
                first = 70 if kind == "woken-account" else FIRST
                day = rng.randrange(min(first, days - 1), max(first, days - 5) + 1)
                found.setdefault(day, []).append(Planned(kind, strength))
    return found
