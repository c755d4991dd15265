"""What a detector sees: an observation, the profiles, and what is new about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from futuretracker.anomalies.alarms import EVIDENCE, Action, Alarm, Severity
from futuretracker.anomalies.familiar import short

if TYPE_CHECKING:
    from futuretracker.anomalies.observations import Observation
    from futuretracker.anomalies.profile import Profile
    from futuretracker.anomalies.sessions import Session

DAY: Final = 86400
HOUR: Final = 3600
WEEKS: Final = 21 * DAY  # after which each weekday has been there some times
POPULAR: Final = 5  # users, of whom we remember 8: a campus, a mobile provider


@dataclass(slots=True)
class Scene:
    """One observation with its surroundings, after the profiles have counted it."""

    seen: Observation
    own: Profile  # of the key, of the user, of the stranger's network, or of the service
    population: Profile  # of all users, or of all keys
    person: Profile | None = None  # of the user, also if a key was used
    service: Profile | None = None
    network: Profile | None = None
    session: Session | None = None  # None without an address, for a key and for a stranger
    block: str = ""
    provider: str = ""
    family: str = ""
    before: str = ""  # the user agent's family that the session had so far
    left: str = ""  # a checksum of the provider that the session has come from
    gap: float = 0.0  # seconds since the session's last observation
    is_strange: bool = False  # whether the network is new for the subject; see on_new_network

    @property
    def is_key(self) -> bool:
        """Return whether an API key was used."""
        return self.seen.client.startswith("key:")

    def on_new_network(self) -> bool:
        """Return whether the subject first used this provider within the last day.

        On the first day of a subject everything is new, which says nothing. A network that
        several users share, such as that of a mobile provider, is not new.
        """
        at, own = self.seen.at, self.own
        if not self.block or at - own.first < DAY or self.is_popular():
            return False
        is_block = own.blocks.age(short(self.block), at) < DAY
        return is_block and own.providers.age(short(self.provider), at) < DAY

    def has_new_agent(self) -> bool:
        """Return whether the subject first used this kind of client within the last day."""
        at, own = self.seen.at, self.own
        return bool(self.family) and at - own.first >= DAY > own.agents.age(self.family, at)

    def was_known(self) -> bool:
        """Return whether the session comes from a provider that the user knows for a day."""
        return self.own.providers.age(self.left, self.seen.at) >= DAY

    def is_popular(self) -> bool:
        """Return whether several users share the network."""
        return self.network is not None and len(self.network.users.times) >= POPULAR

    def share_of_time(self) -> float:
        """Return the share of the subject's active hours that were near this one."""
        at, own = self.seen.at, self.own
        knows = at - own.first >= WEEKS
        return own.rhythm.share(int(at // HOUR), self.population.rhythm, knows_weekdays=knows)

    def within_hour(self, name: str) -> float:
        """Return how much the subject did within the last hour."""
        return self.own.hour.sum(name, self.seen.at)

    def too_much(self, name: str, floor: float, factor: float) -> bool:
        """Return whether the last hour is above the floor and above what is usual."""
        amount = self.within_hour(name)
        return amount >= floor and amount > self.own.limit(name, floor - 1, factor, self.population)

    def usual(self, name: str) -> int:
        """Return the median, for the reason."""
        return round(self.own.median(name, self.population))

    def subject(self) -> str:
        """Return who did it, as closely as it is known."""
        seen = self.seen
        if self.is_key:
            return seen.client
        if seen.session:
            return f"session:{seen.session}"
        return f"user:{seen.user}" if seen.user else f"network:{self.block}"

    def answer(self) -> Action:
        """Return what stops the subject."""
        if self.is_key:
            return "suspend-key"
        return "revoke-session" if self.seen.session else "lower-limit"

    def alarm(  # noqa: PLR0913 - they are named
        self,
        kind: str,
        severity: Severity,
        reason: str,
        *,
        strength: float,
        figures: dict[str, float | int | str],
        seconds: float = HOUR,
        pattern: str = "",
        subject: str = "",
        action: Action | None = None,
    ) -> Alarm:
        """Return an alarm about this observation; ``seconds`` is the time that it judges."""
        first_seen = max(self.seen.at - seconds, min(self.own.first, self.seen.at))
        trail = self.own.trail.since(first_seen)
        evidence = dict.fromkeys([*reversed(self.seen.request_ids), *trail])
        return Alarm(
            kind=kind,
            severity=severity,
            subject=subject or self.subject(),
            user=self.seen.user,
            reason=reason,
            figures=figures,
            evidence=tuple(evidence)[:EVIDENCE],
            first_seen=first_seen,
            last_seen=self.seen.until,
            pattern=pattern,
            strength=strength,
            action=self.answer() if action is None else action,
        )
