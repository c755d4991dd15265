"""Somebody deletes much more within an hour than the user ever does, or as evenly as a program.

It means that somebody destroys data, or that a script goes wrong. Honest explanations: a user who
ends a season and removes everything, or a script that imports all data again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from futuretracker.anomalies.pace import PAUSES

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.scene import Scene

KIND: Final = "mass-delete"
SEVERITY: Final[Severity] = "high"
FLOOR: Final = 40  # deletes of an hour; a user who tidies up removes fewer
STRANGE: Final = 30  # the same, soon after the account was used on a network that is new to it
SOON: Final = 3600  # seconds
FACTOR: Final = 1.5


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if there are too many deletes, or if a program deletes slowly."""
    if not scene.seen.deletes:
        return None
    is_strange = scene.seen.at - scene.own.strange < SOON
    floor = STRANGE if is_strange else FLOOR
    if scene.too_much("deletes", floor, 1 if is_strange else FACTOR):
        return _many(scene, is_strange=is_strange)
    # API keys belong to programs.
    return _even(scene) if scene.own.pace.is_even() and not scene.is_key else None


def _many(scene: Scene, *, is_strange: bool) -> Alarm:
    deletes = round(scene.within_hour("deletes"))
    return scene.alarm(
        KIND,
        SEVERITY,
        f"{deletes} opportunities were deleted within an hour, by the client {scene.seen.client}."
        f" Usual are {scene.usual('deletes')} in an hour with deletes."
        f"{' The network is new for the user.' if is_strange else ''}",
        strength=deletes,
        figures={"deletes": deletes, "usual": scene.usual("deletes")},
        pattern=scene.seen.client,
    )


def _even(scene: Scene) -> Alarm:
    pauses = scene.own.pace.pauses
    return scene.alarm(
        KIND,
        SEVERITY,
        f"{PAUSES + 1} opportunities were deleted one by one, each {min(pauses)} to {max(pauses)}"
        f" seconds after the one before, by the client {scene.seen.client}. A program does that:"
        f" people pause less evenly.",
        strength=PAUSES + 1,
        figures={"deletes": PAUSES + 1, "shortest": min(pauses), "longest": max(pauses)},
        pattern=f"{scene.seen.client} evenly",
        seconds=sum(pauses),
    )
