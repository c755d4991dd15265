"""A network tries many different keys or tokens, and all are refused.

It means that somebody has a list of keys, or makes tokens up. An expired token does not count.
Honest explanation: a test that sends wrong credentials on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.profile import Profile
    from futuretracker.anomalies.scene import Scene

KIND: Final = "credential-stuffing"
SEVERITY: Final[Severity] = "high"
FLOOR: Final = 12  # different credentials of an hour
INHABITED: Final = 30  # the same, from a network of users, some of whom write their first script
EVERYWHERE: Final = 200  # of all networks together
FACTOR: Final = 2


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if a network, or all together, try too many credentials."""
    if not scene.seen.credentials or scene.seen.user:
        return None
    floor = INHABITED if scene.own.users.times else FLOOR
    if scene.too_much("credentials", floor, FACTOR):
        return _alarm(scene, scene.own, f"network:{scene.block}" if scene.block else "service")
    service = scene.service
    if service is None or service.hour.sum("credentials", scene.seen.at) < max(
        EVERYWHERE, service.limit("credentials", 0, FACTOR, scene.population)
    ):
        return None
    return _alarm(scene, service, "service")


def _alarm(scene: Scene, profile: Profile, subject: str) -> Alarm:
    credentials = round(profile.hour.sum("credentials", scene.seen.at))
    failures = round(profile.hour.sum("failures", scene.seen.at))
    place = "from many networks" if subject == "service" else f"from {scene.block}"
    return scene.alarm(
        KIND,
        SEVERITY,
        f"{failures} requests {place} were refused within an hour,"
        f" with {credentials} different keys or forged tokens.",
        strength=credentials,
        figures={"failures": failures, "credentials": credentials},
        subject=subject,
        action="none",
    )
