"""One session is used from a new network while the user goes on to use it elsewhere.

It means that somebody has copied the session, for example with malware or from a shared screen.
Honest explanations: a VPN that is switched on for the first time, or a telephone that loses the
Wi-Fi of a café again and again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.scene import Scene

KIND: Final = "stolen-token"
SEVERITY: Final[Severity] = "high"
DAY: Final = 86400
PARALLEL_MINUTES: Final = 5
RETURNS: Final = 4  # between the networks within half an hour; overlapping ones count twice


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if the session is in two places, or has moved to another computer."""
    session = scene.session
    if session is None or not scene.left or not scene.is_strange:
        return None
    is_known = scene.seen.at - scene.own.first >= DAY and scene.was_known()
    has_moved = scene.family != scene.before and scene.has_new_agent()
    returns = session.parallel(scene.seen.at)
    if not is_known or not (has_moved or returns >= RETURNS):
        return None
    other = f", with {scene.family} instead of {scene.before}" if has_moved else ""
    return scene.alarm(
        KIND,
        SEVERITY,
        f"The session is used from {scene.block}, a network that is new for the user{other}."
        f" {_other_place(scene)}",
        strength=max(1.0, returns),
        figures={"network": scene.block, "agent": scene.family, "returns": returns},
        pattern=f"{scene.provider} {scene.family}",
        seconds=1800,
    )


def _other_place(scene: Scene) -> str:
    minutes = max(0, round(scene.gap / 60))
    if minutes <= PARALLEL_MINUTES:
        return "At the same time, it is used from a network that the user has used before."
    return f"It was used from another network {minutes} minutes before."
