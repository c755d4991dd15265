"""A profile as JSON of at most two kilobytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from futuretracker.anomalies.counts import COUNTED, Days, Hour
from futuretracker.anomalies.histogram import Histogram
from futuretracker.anomalies.pace import Pace
from futuretracker.anomalies.rhythm import Rhythm
from futuretracker.anomalies.sessions import Session
from futuretracker.anomalies.trail import Trail

if TYPE_CHECKING:
    from futuretracker.anomalies.counts import Values
    from futuretracker.anomalies.familiar import Familiar
    from futuretracker.anomalies.profile import Profile

SIZE: Final = 2048  # bytes; all of it is ASCII


def dump(profile: Profile) -> str:
    """Return the profile as JSON. If it is too large, forget what matters least."""
    text = _encode(profile)
    while len(text) > SIZE and _shed(profile):
        text = _encode(profile)
    return text


def load(profile: Profile, text: str) -> None:
    """Fill an empty profile with what ``dump`` has written."""
    values: dict[str, Any] = json.loads(text)
    profile.first, profile.newest, profile.week, profile.late = values["t"]
    profile.slept, profile.woke, profile.deleted = values.get("z", (0, 0, 0))
    profile.graves, profile.strange = values.get("r", (0, 0))
    slot, now, before = values["h"]
    profile.hour = Hour(slot, _spread(now), _spread(before))
    profile.days = Days(values.get("d"))
    profile.usual = {name: Histogram.load(part) for name, part in values.get("u", {}).items()}
    if "w" in values:
        profile.rhythm = Rhythm(values["w"])
    for familiar, key in _familiar(profile):
        familiar.load(values.get(key, ""))
    known = values.get("s", {})
    profile.sessions.known = {name: Session.load(part) for name, part in known.items()}
    profile.pace = Pace.load(values.get("c", [0]))
    # The previous release reads and writes only the ids, so the minutes are apart from them.
    profile.trail = Trail.load(values.get("e", []), values.get("m", []), profile.newest)
    profile.alarmed = values.get("a", {})


def _encode(profile: Profile) -> str:
    hour = profile.hour
    values: dict[str, Any] = {
        "t": [int(profile.first), int(profile.newest), profile.week, profile.late],
        "h": [hour.slot, _gather(hour.now), _gather(hour.before)],
        "d": profile.days.days,
        "u": {name: h.dump() for name, h in profile.usual.items() if h.weights},
        "s": {name: session.dump() for name, session in profile.sessions.known.items()},
        "e": profile.trail.ids,
        "m": profile.trail.dump(int(profile.newest)),
        "a": profile.alarmed,
    }
    if profile.rhythm.total():
        values["w"] = profile.rhythm.dump()
    if profile.woke:
        values["z"] = [int(profile.slept), int(profile.woke), profile.deleted]
    if profile.graves or profile.strange:
        values["r"] = [profile.graves, int(profile.strange)]
    if profile.pace.at:
        values["c"] = profile.pace.dump()
    values.update((key, familiar.dump()) for familiar, key in _familiar(profile))
    filled = {key: value for key, value in values.items() if value}
    return json.dumps(filled, separators=(",", ":"))


def _familiar(profile: Profile) -> tuple[tuple[Familiar, str], ...]:
    return (
        (profile.blocks, "b"),
        (profile.providers, "p"),
        (profile.agents, "g"),
        (profile.users, "n"),
    )


def _shed(profile: Profile) -> bool:
    """Forget a little; return whether there was anything to forget."""
    largest = max((f for f, _ in _familiar(profile)), key=lambda f: len(f.times))
    if profile.trail.shed():
        pass
    elif len(profile.sessions.known) > 2:  # noqa: PLR2004 - a laptop and a telephone
        profile.sessions.drop()
    elif largest.times:
        largest.drop()
    elif profile.sessions.known:
        profile.sessions.drop()
    else:
        return False
    return True


def _gather(values: Values) -> dict[str, int]:
    """Return what is not 0, by position."""
    return {f"{position:x}": value for position, value in enumerate(values) if value}


def _spread(values: dict[str, int]) -> Values:
    spread = [0] * len(COUNTED)
    for position, value in values.items():
        spread[int(position, 16)] = value
    return spread
