"""An API key that was used from few networks is suddenly used from several.

It means that the key has become public, for example in a repository. Honest explanation: the script
has moved to a cloud, where each run has another address. Then its old network is quiet, and we wait
for more networks before we say anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from futuretracker.anomalies.profile import NETWORKS

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.scene import Scene

KIND: Final = "leaked-key"
SEVERITY: Final[Severity] = "high"
DAY: Final = 86400
FLOOR: Final = 2  # new networks within two days, while the old ones are used too
MOVED: Final = 8  # new networks, if the old ones are quiet since
FACTOR: Final = 2


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if the key has appeared in too many new networks."""
    own, at = scene.own, scene.seen.at
    if not scene.is_key or not scene.is_strange or not own.is_experienced(at):
        return None
    networks = sum(day[3] for day in own.days.days[-2:] if day[0] >= at // DAY - 1)
    if networks < FLOOR:
        return None
    is_parallel = scene.has_new_agent() or own.blocks.are_mixed(at - DAY)
    floor = FLOOR if is_parallel else MOVED
    if networks < floor or networks <= own.limit(NETWORKS, floor - 1, FACTOR, scene.population):
        return None
    return scene.alarm(
        KIND,
        SEVERITY,
        f"The API key was used from {networks} new networks within two days, most lately from"
        f" {scene.block} with {scene.family}. Usual are {scene.usual(NETWORKS)} a day."
        f"{' Its old networks use it too.' if is_parallel else ''}",
        strength=networks,
        figures={"networks": networks, "network": scene.block, "agent": scene.family},
        seconds=DAY,
        pattern=scene.family,
    )
