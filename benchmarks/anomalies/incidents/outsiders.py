"""Somebody without an account tries to get in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.anomalies.terms import start_of
from futuretracker.anomalies.networks import block
from futuretracker.anomalies.observations import Observation

if TYPE_CHECKING:
    from benchmarks.anomalies.incidents.scene import Scene


def stuffing(scene: Scene, strength: int) -> set[str]:
    """Try many tokens and keys from one network."""
    lines, each, minutes = ((200, 5, 5), (80, 1, 10), (15, 1, 30))[strength]
    address = scene.elsewhere()
    scene.begin()
    for at in scene.spread(_some_time(scene), minutes, lines):
        failed(scene, at, address, each)
    return {f"network:{block(address)}", "service"}


def webhooks(scene: Scene, strength: int) -> set[str]:
    """Send webhooks that are not signed by Clerk."""
    number, minutes = ((300, 5), (40, 10), (12, 30))[strength]
    address = scene.elsewhere()
    scene.begin()
    for at in scene.spread(_some_time(scene), minutes, number):
        ids = (f"{scene.rng.getrandbits(64):016x}",)
        scene.seen.append(Observation(at, at, address=address, webhooks=1, request_ids=ids))
    return {f"network:{block(address)}", "service"}


def failed(scene: Scene, at: float, address: str, number: int) -> None:
    """Add refused requests, each with another credential."""
    ids = (f"{scene.rng.getrandbits(64):016x}",)
    scene.seen.append(
        Observation(
            at, at + 1, address=address, failures=number, credentials=number, request_ids=ids
        )
    )


def _some_time(scene: Scene) -> float:
    return start_of(scene.day) + scene.rng.uniform(0, 86400)
