"""One session jumps between networks faster than anybody travels.

It means that several people or programs share the session, for example through many proxies.
Honest explanations: a private relay or a VPN that changes its exit all the time; such a user has
done it before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from futuretracker.anomalies.familiar import short

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.scene import Scene

KIND: Final = "impossible-switching"
SEVERITY: Final[Severity] = "medium"
JUMPS: Final = 3  # returns within an hour from one new network to another
RETURNS: Final = 9  # returns within half an hour to any network; overlapping ones count twice
NETWORKS: Final = 4  # new networks within an hour
FACTOR: Final = 2
DAYS: Final = 3  # before that, the networks of a user are new anyway


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if the session goes back and forth, or on and on, too often."""
    if scene.session is None or not scene.left or scene.left == short(scene.provider):
        return None
    is_strange = scene.is_strange and scene.seen.at - scene.own.first >= DAYS * 86400
    returns = scene.session.parallel(scene.seen.at)
    if not (
        (is_strange and scene.too_much("jumps", JUMPS, FACTOR))
        or (is_strange and scene.too_much("networks", NETWORKS, FACTOR))
        or (returns >= RETURNS and scene.too_much("returns", RETURNS // 2, FACTOR))
    ):
        return None
    networks, times = round(scene.within_hour("networks")), round(scene.within_hour("returns"))
    return scene.alarm(
        KIND,
        SEVERITY,
        f"The session came back {times} times within an hour to a network that it had just left,"
        f" and used {networks} networks that are new for the user. Nobody travels so fast.",
        strength=max(returns, networks),
        figures={"returns": times, "networks": networks, "network": scene.block},
        pattern=scene.family,
    )
