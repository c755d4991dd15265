"""Somebody else uses a user's session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.anomalies.devices import LAPTOPS, SCRIPTS

if TYPE_CHECKING:
    from benchmarks.anomalies.incidents.scene import Scene


def stolen_token(scene: Scene, strength: int) -> set[str]:
    """Use a session from a new network while its owner uses it."""
    rng = scene.rng
    visit = scene.visit(scene.victim(), minutes=20)
    other = rng.choice(LAPTOPS).format(chrome=139, fox=142, apple=5)[:80]
    agent = (rng.choice(SCRIPTS), other, "")[strength]
    address = scene.elsewhere()
    if strength == 2:  # noqa: PLR2004 - an attacker behind the same mobile carrier
        address = visit.person.carrier.address(rng, visit.at)
    caller = scene.caller(visit, address, agent)
    scene.begin()
    for at in scene.spread(visit.start + 120, 15, (60, 20, 6)[strength]):
        scene.act(caller, at, reads=rng.randint(1, 4), ids=1, bytes=4000)
    return {f"user:{visit.person.user}", f"session:{caller.session}"}


def switching(scene: Scene, strength: int) -> set[str]:
    """Use a session from several far networks in turn, while its owner is not there."""
    visit = scene.visit(scene.victim(), minutes=5)
    places = [scene.elsewhere() for _ in range((5, 3, 2)[strength])]
    step = (15, 60, 300)[strength]
    scene.begin()
    at = visit.at + 3600
    for number in range((40, 15, 8)[strength]):
        caller = scene.caller(visit, places[number % len(places)])
        scene.act(caller, at + number * step, reads=2, ids=1, bytes=3000)
    return {f"user:{visit.person.user}", f"session:{visit.device.session(visit.at)}"}


def other_client(scene: Scene, strength: int) -> set[str]:
    """Use the session with another program, from the victim's own computer."""
    rng = scene.rng
    visit = scene.visit(scene.victim(), minutes=5)
    headless = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChr"
    agent = (*rng.sample(SCRIPTS, 2), headless[:80])[strength]
    caller = scene.caller(visit, agent=agent)
    scene.begin()
    for at in scene.spread(visit.at + 600, (5, 10, 15)[strength], (30, 15, 5)[strength]):
        scene.act(caller, at, reads=(8, 3, 1)[strength], pages=1, ids=2, bytes=8000)
    return {f"user:{visit.person.user}", f"session:{caller.session}"}
