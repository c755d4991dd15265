"""Somebody asks for ids that he does not have, or reads far more than people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.anomalies.terms import DAY, start_of

if TYPE_CHECKING:
    from benchmarks.anomalies.incidents.scene import Scene


def enumeration(scene: Scene, strength: int) -> set[str]:
    """Ask for many ids within minutes, with an account of the attacker's own."""
    visit = scene.visit(scene.victim(), minutes=2)
    caller = scene.caller(visit)
    scene.begin()
    for at in scene.spread(visit.at + 60, (5, 10, 30)[strength], (30, 20, 15)[strength]):
        missing = (scene.rng.randint(10, 30), scene.rng.randint(3, 6), 2)[strength]
        scene.act(caller, at, missing=missing, ids=missing, bytes=100 * missing)
    return {f"user:{caller.user}", f"session:{caller.session}"}


def slow_enumeration(scene: Scene, strength: int) -> set[str]:
    """Ask for a few ids each hour, for days."""
    visit = scene.visit(scene.victim(), minutes=2)
    hours, each = ((48, 40), (72, 8), (120, 2))[strength]
    scene.begin()
    for hour in range(hours):
        caller = scene.caller(visit)
        for at in scene.spread(visit.at + 600 + 3600 * hour, 50, each):
            scene.act(caller, at, missing=1, ids=1, bytes=100)
    return {f"user:{caller.user}", f"session:{caller.session}"}


def scraping(scene: Scene, strength: int) -> set[str]:
    """Page through everything again and again."""
    visit = scene.visit(scene.victim(), minutes=2)
    caller = scene.caller(visit)
    scene.begin()
    pages, minutes = ((600, 15), (150, 15), (60, 30))[strength]
    each = (8, 3, 1)[strength]
    for at in scene.spread(visit.at + 60, minutes, pages // each):
        scene.act(caller, at, reads=each, pages=each, bytes=12_000 * each)
    return {f"user:{caller.user}", f"session:{caller.session}"}


def night_export(scene: Scene, strength: int) -> set[str]:
    """Read everything at an hour at which the user sleeps; if stealthy, from the user's network."""
    person = scene.victim()
    visit = scene.visit(person, minutes=2)
    caller = scene.caller(visit, "" if strength else scene.elsewhere())
    asleep = max(range(1, 7), key=lambda hour: min(_apart(hour, usual) for usual in person.hours))
    scene.begin()
    # The night after the day, or the next one if the visit was so late.
    night = start_of(scene.day + 1) + 3600 * (asleep - person.zone)
    night += DAY if night < visit.at + 3600 else 0
    pages, reads = ((60, 300), (30, 80), (10, 20))[strength]
    for at in scene.spread(night, 15, pages):
        scene.act(caller, at, reads=1, pages=1, bytes=40_000)
    for at in scene.spread(night + 300, 15, reads // 4):
        scene.act(caller, at, reads=4, ids=4, bytes=8000)
    return {f"user:{caller.user}", f"session:{caller.session}"}


def _apart(one: float, other: float) -> float:
    apart = abs(one - other) % 24
    return min(apart, 24 - apart)
