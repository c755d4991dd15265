"""Variations of attacks that only the held-out worlds have: nothing was tuned on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.anomalies.incidents.outsiders import failed
from benchmarks.anomalies.terms import start_of
from futuretracker.anomalies.networks import block

if TYPE_CHECKING:
    from benchmarks.anomalies.incidents.scene import Scene


def distributed_stuffing(scene: Scene, strength: int) -> set[str]:
    """Try tokens and keys from many networks, only a few from each."""
    networks, each, minutes = ((300, 4, 20), (100, 3, 30), (30, 3, 60))[strength]
    start = start_of(scene.day) + scene.rng.uniform(0, 86400)
    subjects = {"service"}
    scene.begin()
    for at in scene.spread(start, minutes, networks):
        address = scene.elsewhere()
        subjects.add(f"network:{block(address)}")
        failed(scene, at, address, each)
    return subjects


def rotating_proxies(scene: Scene, strength: int) -> set[str]:
    """Use a stolen session with another residential proxy for every few requests."""
    visit = scene.visit(scene.victim(), minutes=5)
    scene.begin()
    start = visit.at + 60 * scene.rng.uniform(30, 120)
    for at in scene.spread(start, (10, 30, 120)[strength], (50, 20, 6)[strength]):
        caller = scene.caller(visit, scene.elsewhere())
        scene.act(caller, at, reads=3, ids=2, bytes=6000)
    return {f"user:{visit.person.user}", f"session:{visit.device.session(visit.at)}"}
