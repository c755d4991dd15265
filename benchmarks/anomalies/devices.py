"""Devices: their user agents, which browser updates change, and their sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.anomalies.chance import happens
from benchmarks.anomalies.terms import DAY, FIRST_DAY

if TYPE_CHECKING:
    from random import Random

LONGEST: Final = 200  # characters of a user agent in a log line
WEBKIT: Final = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chrome}.0.0.0 Safari/537.36"
APPLE: Final = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.{apple} Safari/605.1.15"
LAPTOPS: Final = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT}",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT}",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE}",
    f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT}",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{fox}.0) Gecko/20100101 Firefox/{fox}.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{fox}.0) Gecko/20100101 Firefox/{fox}.0",
)
PHONES: Final = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_{{apple}} like Mac OS X) {APPLE}",
    f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT}",
    "FutureTracker/1.{app} (iPhone; iOS 18.{apple})",
    "FutureTracker/1.{app} (Android 14; Pixel 7)",
)
SCRIPTS: Final = (
    "python-requests/2.32.3",
    "curl/8.5.0",
    "node",
    "Go-http-client/2.0",
    "axios/1.7.2",
)


@dataclass(frozen=True)
class Device:
    """A laptop or a phone, and how its browser and its session change with time."""

    name: str
    template: str
    lag: int  # days until this device installs an update
    stays: float  # seconds until the user must sign in again
    since: int = 0  # the first day on which it is used
    until: int = 10_000

    @property
    def client(self) -> str:
        """Return how the service names this client."""
        return "app" if self.template.startswith("FutureTracker") else "web"

    def agent(self, at: float) -> str:
        """Return the user agent, as a log line shows it."""
        day = int((at - FIRST_DAY) // DAY) - self.lag
        versions = {
            "chrome": 139 + day // 28,
            "fox": 142 + day // 28,
            "apple": 5 + day // 55,
            "app": 20 + day // 21,
        }
        return self.template.format_map(versions)[:LONGEST]

    def session(self, at: float) -> str:
        """Return the session, which lasts a week if nobody signs out."""
        return f"sess_{self.name}_{int((at + self.lag * DAY) // self.stays)}"


def devices(rng: Random, user: str, days: int) -> tuple[Device, ...]:
    """Return a user's devices: mostly a laptop and a phone; some buy a new one during the term."""

    def device(name: str, templates: tuple[str, ...], since: int = 0) -> Device:
        stays = DAY * rng.choice((1, 7, 7, 7))
        return Device(f"{user}_{name}", rng.choice(templates), rng.randrange(14), stays, since)

    owned = [device("laptop", LAPTOPS)]
    if happens(rng, 0.75):
        owned.append(device("phone", PHONES))
    if happens(rng, 0.1):
        owned.append(device("office", LAPTOPS))
    if happens(rng, 0.08):
        day = rng.randrange(days)
        owned.append(device("new", LAPTOPS, day))
        old = owned[0]
        owned[0] = Device(old.name, old.template, old.lag, old.stays, until=day)
    return tuple(owned)
