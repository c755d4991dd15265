"""Many webhooks are refused within a short time.

It means that somebody forges webhooks, or that the secret of the webhooks is wrong, so that users
who were deleted at Clerk stay here. Honest explanation: one webhook that Clerk repeats for a day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.profile import Profile
    from futuretracker.anomalies.scene import Scene

KIND: Final = "webhook-burst"
SEVERITY: Final[Severity] = "medium"
FLOOR: Final = 10  # refused webhooks of an hour from one network
EVERYWHERE: Final = 30  # from all networks together
FACTOR: Final = 1.2
GRAVE: Final = 100


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if too many webhooks are refused, from one network or from all."""
    if not scene.seen.webhooks or scene.service is None:
        return None
    if scene.block and scene.too_much("webhooks", FLOOR, FACTOR):
        return _alarm(scene, scene.own, f"network:{scene.block}")
    webhooks = scene.service.hour.sum("webhooks", scene.seen.at)
    if webhooks >= scene.service.limit("webhooks", EVERYWHERE, FACTOR, scene.population):
        return _alarm(scene, scene.service, "service")
    return None


def _alarm(scene: Scene, profile: Profile, subject: str) -> Alarm:
    webhooks = round(profile.hour.sum("webhooks", scene.seen.at))
    return scene.alarm(
        KIND,
        "high" if webhooks >= GRAVE else SEVERITY,
        f"{webhooks} webhooks were refused within an hour, most lately from {scene.block or '?'}.",
        strength=webhooks,
        figures={"webhooks": webhooks, "network": scene.block},
        subject=subject,
        action="none",
    )
