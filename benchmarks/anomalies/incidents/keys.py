"""Somebody has found an API key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.anomalies.incidents.scene import Caller
from benchmarks.anomalies.terms import start_of

if TYPE_CHECKING:
    from benchmarks.anomalies.incidents.scene import Scene

DAYS = 3  # for which the key must have been in use


def leaked_key(scene: Scene, strength: int) -> set[str] | None:
    """Use a script's key from many networks, beside the script."""
    used = [
        s
        for s in scene.scripts
        if s.since + DAYS <= scene.day < s.revoked_on and s.network is not scene.networks.cloud
    ]
    if not used:
        return None
    script = scene.rng.choice(used)
    number, minutes = ((30, 60), (8, 180), (3, 1440))[strength]
    start = start_of(scene.day) + scene.rng.uniform(0, 86400)
    agent = script.agent if strength else "curl/8.5.0"
    scene.begin()
    for at in scene.spread(start, minutes, number):
        key = f"key:{script.key}"
        caller = Caller(script.person.user, f"key_{script.key}", key, scene.elsewhere(), agent)
        for step in range(3):
            scene.act(caller, at + 10 * step, reads=4, pages=4, bytes=60_000)
    return {f"user:{script.person.user}", key, f"session:key_{script.key}"}
