"""A session, or an API key, is suddenly used by another kind of program.

It means that somebody has taken the token out of the browser, or has found the key. A browser
keeps its session to itself, and we compare user agents without their versions.
Honest explanation: a user who tries the API with curl and the own token, or writes a script anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from futuretracker.anomalies.agents import is_program

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.scene import Scene

KIND: Final = "new-client"
SEVERITY: Final[Severity] = "medium"


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if the client is new and cannot be a new device of the user."""
    if not scene.seen.user or not scene.has_new_agent() or not _is_sudden(scene):
        return None
    known = scene.before or "others"
    where = "a new network" if scene.is_strange else "a known network"
    return scene.alarm(
        KIND,
        SEVERITY,
        f"{'The API key' if scene.is_key else 'The session'} is used by {scene.family}, which the"
        f" user has never used, from {where} ({scene.block}). Until now it was used by {known}.",
        strength=1.0,
        figures={"agent": scene.family, "before": known, "network": scene.block},
        pattern=scene.family,
    )


def _is_sudden(scene: Scene) -> bool:
    """Return whether a new device of the user cannot explain it."""
    if scene.is_key:
        return scene.own.is_experienced(scene.seen.at) and scene.is_strange
    if scene.seen.client in {"web", "extension"} and is_program(scene.family):
        return True
    browser, before = scene.family.partition("/")[0], scene.before.partition("/")[0]
    return bool(scene.before) and browser != before
