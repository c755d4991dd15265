"""Many webhooks are refused within a short time.

It means that somebody forges webhooks, or that the secret of the webhooks is wrong, so that users
who were deleted at Clerk stay here. Honest explanation: one webhook that Clerk repeats for a day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.scene import Scene

KIND: Final = "webhook-burst"
SEVERITY: Final[Severity] = "medium"
FLOOR: Final = 10  # refused webhooks of an hour
FACTOR: Final = 2


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if too many webhooks are refused, from any network."""
    service, at = scene.service, scene.seen.at
    if not scene.seen.webhooks or service is None:
        return None
    webhooks = round(service.hour.sum("webhooks", at))
    if webhooks < service.limit("webhooks", FLOOR, FACTOR, scene.population):
        return None
    return scene.alarm(
        KIND,
        SEVERITY,
        f"{webhooks} webhooks were refused within an hour, most lately from {scene.block or '?'}.",
        strength=webhooks,
        figures={"webhooks": webhooks, "network": scene.block},
        subject="service",
        pattern=scene.provider,
        action="none",
    )
