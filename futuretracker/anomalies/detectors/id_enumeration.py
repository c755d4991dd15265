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
FLOOR: Final = 15  # missing ids of an hour, beyond those that the user has lately deleted
FACTOR: Final = 3
SHARE: Final = 0.5  # of the ids asked for


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if too many ids are missing, and few are not."""
    if not scene.seen.missing or not scene.too_much("missing", FLOOR, FACTOR):
        return None
    missing, ids = round(scene.within_hour("missing")), round(scene.within_hour("ids"))
    graves = scene.person.graves if scene.person is not None else 0
    if missing < SHARE * ids or missing - graves < FLOOR:
        return None
    return scene.alarm(
        KIND,
        SEVERITY,
        f"{missing} requests within an hour asked for an id that does not exist, of {ids} ids."
        f" The user has lately deleted {graves}."
        f" Usual are {scene.usual('missing')} in an hour with such requests.",
        strength=missing,
        figures={
            "missing": missing,
            "ids": ids,
            "deleted": graves,
            "usual": scene.usual("missing"),
        },
        pattern=scene.family,
    )
