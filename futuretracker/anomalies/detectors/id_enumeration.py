"""Somebody asks for many ids that do not exist.

It means that somebody guesses ids, to find data of others. The service returns 404 for each.
Honest explanation: a script or an app with a list of opportunities that were deleted meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.scene import Scene

KIND: Final = "id-enumeration"
SEVERITY: Final[Severity] = "high"
FLOOR: Final = 40  # missing ids of an hour; an app that finds what was deleted has fewer
FACTOR: Final = 3
SHARE: Final = 0.5  # of the ids asked for


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if too many ids are missing, and few are not."""
    if not scene.seen.missing or not scene.too_much("missing", FLOOR, FACTOR):
        return None
    missing, ids = round(scene.within_hour("missing")), round(scene.within_hour("ids"))
    if missing < SHARE * ids:
        return None
    return scene.alarm(
        KIND,
        SEVERITY,
        f"{missing} requests within an hour asked for an id that does not exist, of {ids} ids."
        f" Usual are {scene.usual('missing')} in an hour with such requests.",
        strength=missing,
        figures={"missing": missing, "ids": ids, "usual": scene.usual("missing")},
        pattern=scene.family,
    )
