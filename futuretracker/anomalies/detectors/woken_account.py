"""An account that nobody used for months wakes up, and deletes.

It means that somebody has found an old password or device. Honest explanation: a student who comes
back for the new semester and removes what is over, usually on the old computer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.scene import Scene

KIND: Final = "woken-account"
SEVERITY: Final[Severity] = "high"
DAY: Final = 86400
DAYS: Final = 2  # after it woke
STRANGE: Final = 3  # deletes, if the network and the client are both new
ODD: Final = 4  # deletes, if one of them is, in the first hours
LATER: Final = 20  # the same, after that
FIRST: Final = 2 * 3600  # seconds


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if the account has just woken, deletes, and does not look like its user."""
    seen, own = scene.seen, scene.own
    if not seen.deletes or not own.woke or seen.at - own.woke > DAYS * DAY:
        return None
    news = own.blocks.is_any_new(own.woke) + own.agents.is_any_new(own.woke)
    odd = ODD if seen.at - own.woke < FIRST else LATER
    if not news or own.deleted < (STRANGE if news > 1 else odd):
        return None
    days, what = round(own.slept / DAY), "network and client" if news > 1 else "network or client"
    return scene.alarm(
        KIND,
        SEVERITY,
        f"The account was not used for {days} days. Since then, {own.deleted} opportunities were"
        f" deleted, and its {what} is new.",
        strength=own.deleted,
        figures={"days": days, "deletes": own.deleted},
        seconds=seen.at - own.woke,
        pattern=seen.client,
    )
