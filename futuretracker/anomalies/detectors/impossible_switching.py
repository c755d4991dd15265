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
RETURNS: Final = 8  # within half an hour; overlapping ones count twice
NETWORKS: Final = 5  # new networks within an hour
FACTOR: Final = 3


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if the session goes back and forth, or on and on, too often."""
    if scene.session is None or not scene.left or scene.left == short(scene.provider):
        return None
    returns = scene.session.parallel(scene.seen.at)
    has_returned = returns >= RETURNS and scene.too_much("returns", RETURNS // 2, FACTOR)
    has_hopped = scene.on_new_network() and scene.too_much("networks", NETWORKS, FACTOR)
    if not has_returned and not has_hopped:
        return None
    networks = round(scene.within_hour("networks"))
    jumps = round(scene.within_hour("returns"))
    return scene.alarm(
        KIND,
        SEVERITY,
        f"The session came back {jumps} times within an hour to a network that it had just left,"
        f" and used {networks} new networks. Nobody travels so fast.",
        strength=max(returns, networks),
        figures={"returns": jumps, "networks": networks, "network": scene.block},
        pattern=scene.family,
    )
