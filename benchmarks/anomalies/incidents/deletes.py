"""Somebody deletes what a user has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.anomalies.devices import LAPTOPS

if TYPE_CHECKING:
    from benchmarks.anomalies.incidents.scene import Scene

DORMANT = 60  # days


def mass_delete(scene: Scene, strength: int) -> set[str]:
    """Delete much; if loud, from a new network, else with the victim's own browser."""
    visit = scene.visit(scene.victim(), minutes=3)
    caller = scene.caller(visit, scene.elsewhere() if strength == 0 else "")
    number = (scene.rng.randint(120, 300), scene.rng.randint(40, 80), scene.rng.randint(15, 25))
    scene.begin()
    at = visit.at + 30
    left = number[strength]
    while left > 0:
        part = min(left, (10, 2, 1)[strength])
        scene.act(caller, at, deletes=part)
        left, at = left - part, at + (10, 15, 40)[strength] * scene.rng.uniform(0.7, 1.3)
    return {f"user:{caller.user}", f"session:{caller.session}"}


def wake_up(scene: Scene, strength: int) -> set[str] | None:
    """Take over an account that nobody has used for months, from a new place, and delete."""
    rng = scene.rng
    asleep = [
        p
        for p in scene.people
        if p.joined < scene.day and any(a + DORMANT <= scene.day < b for a, b in p.away)
    ]
    if not asleep:
        return None
    person = rng.choice(asleep)
    visit = scene.visit(person, minutes=0)
    scene.seen.clear()
    caller = scene.caller(visit, scene.elsewhere(), rng.choice(LAPTOPS)[:70])
    caller.session = f"sess_{person.user}_thief_{scene.day}"
    scene.begin()
    scene.act(caller, visit.at, reads=4, pages=2, bytes=9000)
    for at in scene.spread(visit.at + 60, (3, 10, 20)[strength], (50, 15, 4)[strength]):
        scene.act(caller, at, deletes=1)
    return {f"user:{person.user}", f"session:{caller.session}"}
