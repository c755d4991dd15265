"""Run the detectors on each observation, and keep the profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from futuretracker.anomalies.agents import family
from futuretracker.anomalies.cleaning import clean
from futuretracker.anomalies.counts import LARGEST
from futuretracker.anomalies.detectors import DETECTORS
from futuretracker.anomalies.familiar import short
from futuretracker.anomalies.networks import block, provider
from futuretracker.anomalies.profile import Profile
from futuretracker.anomalies.scene import Scene
from futuretracker.anomalies.sessions import Place

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from futuretracker.anomalies.alarms import Alarm
    from futuretracker.anomalies.observations import Observation

QUIET: Final = 900  # seconds after which the same alarm comes again
GROWN: Final = 1.5  # an alarm that is this many times stronger comes at once
ALARMED: Final = 6  # alarms that a profile remembers


class Engine:
    """The detectors and their order. All of its memory is in the profiles."""

    def subjects(self, observation: Observation) -> list[str]:
        """Return the names of the profiles that ``observe`` reads and changes.

        The first is the population's. The second is that of the key, user, network or service to
        which the observation belongs.
        """
        network = block(observation.address)
        if not observation.user:
            names = ["population:strangers"]
        elif observation.client.startswith("key:"):
            names = ["population:keys", observation.client, f"user:{observation.user}"]
        else:
            names = ["population", f"user:{observation.user}"]
        if network:
            names.append(f"network:{network}")
        if not observation.user:
            names.append("service")
        return names

    def observe(
        self, observation: Observation, profiles: MutableMapping[str, Profile]
    ) -> list[Alarm]:
        """Change the profiles, and return what is suspicious.

        ``profiles`` has those that ``subjects`` names, if they exist; missing ones are added. An
        observation that is more than an hour older than the subject's newest is only counted.
        """
        if (seen := clean(observation)) is None:
            return []
        for name in (names := self.subjects(seen)):
            if name not in profiles:
                profiles[name] = Profile()
        if profiles[names[1]].is_late(seen.at):
            return []
        scene = Scene(seen, profiles[names[1]], profiles[names[0]])
        scene.person = profiles.get(f"user:{seen.user}")
        scene.service = profiles.get("service") if names[-1] == "service" else None
        _arrive(scene, profiles)
        _count(scene)
        found = (detect(scene) for detect in DETECTORS)
        return [alarm for alarm in found if alarm is not None and _is_news(scene.own, alarm)]


def _arrive(scene: Scene, profiles: MutableMapping[str, Profile]) -> None:
    """Note where the observation comes from, and what is new about that."""
    seen = scene.seen
    scene.block, scene.provider = block(seen.address), provider(seen.address)
    if not scene.block or not seen.user:
        return
    scene.network = profiles[f"network:{scene.block}"]
    scene.network.users.use(short(seen.user), seen.at)
    scene.family = family(seen.agent)
    if not scene.is_key and seen.session:
        session, is_new = scene.own.sessions.get(seen.session, scene.family)
        scene.before, scene.left = session.family, session.current.name
        scene.gap = 0.0 if is_new else seen.at - session.until
        scene.session = session


def _count(scene: Scene) -> None:
    """Add the observation to the profiles."""
    seen, own = scene.seen, scene.own
    own.pass_time(seen.at)
    networks, returns, jumps = _move(scene)
    values = [
        seen.requests, seen.missing, seen.ids, seen.pages, seen.bytes // 1000, seen.writes,
        seen.deletes, seen.failures, seen.credentials, seen.webhooks, networks, returns, jumps,
    ]  # fmt: skip
    own.touch(seen, values, scene.population)
    if seen.deletes:
        own.pace.delete(seen.at, seen.deletes)
    own.deleted = min(LARGEST, own.deleted + seen.deletes)
    if scene.person is not None:
        scene.person.graves = min(LARGEST, scene.person.graves + seen.deletes)
    if scene.service is not None and scene.service is not own:
        scene.service.touch(seen, values, scene.population)


def _move(scene: Scene) -> tuple[int, int, int]:
    """Note the network. Return whether it is new, a return, and a return between new ones."""
    if scene.network is None:
        return 0, 0, 0
    own, at = scene.own, scene.seen.at
    own.agents.use(scene.family, at)
    is_first = not own.blocks.times
    is_new_block = own.blocks.use(short(scene.block), at)
    is_new = own.providers.use(short(scene.provider), at) and is_new_block and not is_first
    scene.is_strange = scene.on_new_network()
    if scene.is_strange:
        own.strange = at
    if scene.session is None:
        return int(is_new), 0, 0
    place = Place(short(scene.provider), scene.is_strange, 6 if ":" in scene.block else 4)
    return int(is_new and scene.is_strange), *scene.session.move(place, at, scene.seen.until)


def _is_news(own: Profile, alarm: Alarm) -> bool:
    """Return whether the alarm says more than the one before. Findings need no more."""
    name = short(f"{alarm.kind} {alarm.subject}")
    at, strength = own.alarmed.pop(name, (0.0, 0.0))
    is_news = alarm.last_seen - at >= QUIET or alarm.strength >= GROWN * strength
    own.alarmed[name] = [int(alarm.last_seen), alarm.strength] if is_news else [at, strength]
    if len(own.alarmed) > ALARMED:
        del own.alarmed[next(iter(own.alarmed))]
    return is_news
