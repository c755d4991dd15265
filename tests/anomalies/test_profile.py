from __future__ import annotations

import json
from random import Random
from typing import Any
from unittest import mock

import pytest

from futuretracker.anomalies import storing
from futuretracker.anomalies.cleaning import NUMBERS, clean
from futuretracker.anomalies.counts import COUNTED
from futuretracker.anomalies.engine import Engine
from futuretracker.anomalies.histogram import Histogram
from futuretracker.anomalies.observations import Observation
from futuretracker.anomalies.profile import Profile
from futuretracker.anomalies.trail import Trail
from tests.anomalies.detectors.life import DAY, HOUR, START, Life

LARGE = 10**12
NAN = float("nan")


def test_no_profile_is_larger_than_two_kilobytes() -> None:
    rng, engine = Random(1), Engine()  # noqa: S311 - the same numbers each time
    profiles: dict[str, Profile] = {}
    for number in range(3000):
        at = START + number * rng.uniform(60, 40_000)
        key = rng.random() < 0.3
        engine.observe(
            Observation(
                at,
                at + 9,
                user="user_" + "x" * 100,
                session=f"sess_{rng.getrandbits(160):x}",
                client="key:abc" if key else "web",
                address=f"{rng.randrange(1, 220)}.{rng.randrange(250)}.{rng.randrange(250)}.1",
                agent=f"{'abcdefghijklmnopqrstuvwxyz'[rng.randrange(26)] * 90}/1.0",
                request_ids=tuple(f"{rng.getrandbits(128):036x}" for _ in range(5)),
                **{name: rng.randrange(2 ** rng.randrange(1, 60)) for name in NUMBERS},
            ),
            profiles,
        )
        if number % 10 == 9:
            for name in ("user:user_" + "x" * 100, "key:abc", "population"):
                text = profiles[name].dump()
                assert len(text.encode()) <= 2048, name
                profiles[name] = Profile.load(text)


def test_a_stored_profile_is_the_same_profile() -> None:
    life = Life()
    life.see(life.at + 4, address="50.1.1.1", missing=3, ids=3)
    life.change(life.at + 5, deletes=3)
    for name, profile in life.profiles.items():
        text = profile.dump()
        assert Profile.load(text).dump() == text, name


def test_a_profile_keeps_the_last_request_ids_and_their_minutes() -> None:
    trail = Trail()
    for number in range(9):
        trail.add((f"request-{number}",), START + number * HOUR)
    newest = START + 9 * HOUR + 59
    stored = Trail.load(trail.ids, trail.dump(newest), newest)
    for each in (trail, stored):
        assert list(each.since(START)) == [f"request-{number}" for number in range(8, 2, -1)]
        assert list(each.since(START + 7 * HOUR + 59)) == ["request-8", "request-7"]
        assert list(each.since(START + 7 * HOUR + 60)) == ["request-8"]


def test_evidence_is_not_older_than_what_the_alarm_is_about() -> None:
    life = Life()
    life.see(life.at - 2 * HOUR, missing=1, ids=1, request_ids=("old",))
    for number in range(6):
        life.see(life.at + number, missing=5, ids=5, request_ids=(f"new-{number}",))
    alarm = life.first("id-enumeration")
    assert alarm.first_seen > life.at - 2 * HOUR
    assert set(alarm.evidence) >= {"new-0", "new-1"}
    assert "old" not in alarm.evidence


def test_the_minutes_are_apart_from_the_ids_that_the_previous_release_reads() -> None:
    life = Life()
    life.see(life.at - 3, missing=1, ids=1, request_ids=("stored",))
    name = "user:user_1"
    stored = json.loads(life.profiles[name].dump())
    assert stored["e"] == ["stored"]
    del stored["m"]  # as the previous release does
    life.profiles[name] = Profile.load(json.dumps(stored))
    for number in range(6):
        life.see(life.at + number, missing=5, ids=5, request_ids=(f"new-{number}",))
    evidence = life.first("id-enumeration").evidence
    assert "new-0" in evidence
    assert "stored" not in evidence


def test_a_profile_that_is_too_large_first_forgets_request_ids_and_their_minutes() -> None:
    life = Life()
    life.see(life.at, missing=2, ids=2, request_ids=("one", "two"))
    profile = life.profiles["user:user_1"]
    sessions = dict(profile.sessions.known)
    with mock.patch.object(storing, "SIZE", len(profile.dump()) - 1):
        assert json.loads(profile.dump())["e"] == ["two"]
    del (bare := json.loads(profile.dump()))["m"]
    with mock.patch.object(storing, "SIZE", len(json.dumps(bare, separators=(",", ":")))):
        assert json.loads(profile.dump()) == bare
    assert profile.sessions.known == sessions


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"t":[1,2]}', "null"])
def test_a_broken_profile_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        Profile.load(text)


def test_a_profile_has_no_session_and_no_address_of_the_user() -> None:
    life = Life()
    text = life.profiles["user:user_1"].dump()
    assert "sess_laptop" not in text
    assert "20.1.1" not in text


def test_a_profile_knows_what_is_usual() -> None:
    life = Life()
    profile, population = life.profiles["user:user_1"], life.profiles["population"]
    assert 3 <= profile.median("pages", population) <= 7  # four
    assert 32 <= profile.median("kilobytes", population) <= 63  # 48
    assert 45 < profile.rhythm.total() < 3 * 21  # old hours count less
    assert profile.rhythm.share(int(life.at // HOUR) + 10, population.rhythm, knows_weekdays=True)
    assert not profile.rhythm.share(
        int(life.at // HOUR) + 3, population.rhythm, knows_weekdays=True
    )


def test_a_new_user_is_judged_like_the_population_until_it_has_ten_values() -> None:
    population, own = Histogram(), Histogram()
    for _ in range(1000):
        population.add(200)
    assert 127 < own.quantile(0.5, population) <= 255
    for number in range(10):
        own.add(2)
        assert (own.quantile(0.95, population) > 100) == (number < 9)
    own.add(2)
    assert own.quantile(0.5, population) == own.quantile(0.5)


def test_baselines_forget_within_weeks() -> None:
    life = Life()
    old = life.profiles["user:user_1"].usual["pages"].total()
    for hour in (0, 2):
        life.visit(life.at + 8 * 7 * DAY + hour * HOUR)
    weights = life.profiles["user:user_1"].usual["pages"].total()
    assert weights < old / 2
    population = life.profiles["population"].usual["pages"].total()
    assert population <= weights + 1


def test_some_wild_hours_do_not_make_anything_usual() -> None:
    life = Life()
    for hour in range(6):
        life.see(life.at + hour * HOUR, pages=10_000)
    life.visit(life.at + DAY)
    assert life.profiles["user:user_1"].limit("pages", 0, 1, Profile()) < 500


def test_late_observations_are_counted_and_do_no_harm() -> None:
    life = Life()
    profile = life.profiles["user:user_1"]
    newest, slot = profile.newest, profile.hour.slot
    for number in range(200):
        life.see(life.at - 20 * DAY + number, missing=50, ids=50, pages=50, deletes=50)
    profile = life.profiles["user:user_1"]
    assert (profile.newest, profile.hour.slot) == (newest, slot)
    assert profile.late == 200
    assert life.alarms == []


def test_observations_out_of_order_are_found_all_the_same() -> None:
    life = Life()
    times = list(range(20))
    Random(3).shuffle(times)  # noqa: S311 - the same order each time
    for step in times:
        life.see(life.at + 12 * HOUR - 100 + 10 * step, missing=5, ids=5)
    assert life.kinds() == {"id-enumeration"}


@pytest.mark.parametrize(
    "broken",
    [NAN, float("inf"), -(10**30), 10**400, -1, "7", None],
    ids=lambda value: str(value)[:9],
)
def test_broken_numbers_do_no_harm(broken: Any) -> None:
    life = Life()
    before = life.profiles["user:user_1"]
    for name in ("at", "until", *NUMBERS):
        usual = Observation(life.at, life.at + 5, "user_1", "sess_laptop", "web", "20.1.1.5")
        life.observe(usual._replace(**{name: broken}))
    life.visit(life.at + HOUR)
    after = life.profiles["user:user_1"]
    json.loads(after.dump(), parse_constant=pytest.fail)
    assert len(after.dump()) <= 2048
    assert after.limit("pages", 0, 1, Profile()) <= 2 * before.limit("pages", 0, 1, Profile()) + 10
    assert all(0 <= value <= 10**9 for value in after.hour.now)
    assert len(after.hour.now) == len(COUNTED)


@pytest.mark.parametrize("broken", [NAN, -1, -(10**30), "7", None])
def test_what_is_no_number_counts_as_nothing(broken: Any) -> None:
    cleaned = clean(Observation(START, START, missing=broken, requests=3))
    assert cleaned is not None
    assert (cleaned.missing, cleaned.requests) == (0, 3)


def test_a_huge_number_counts_as_a_large_one() -> None:
    life = Life()
    life.see(life.at + 12 * HOUR, missing=LARGE, ids=LARGE)
    life.see(life.at + 12 * HOUR, missing=LARGE, ids=LARGE)
    assert life.first("id-enumeration").figures["missing"] == 10**9


@pytest.mark.parametrize(
    "address", ["", "nowhere", "20.1.1.5.9", "fe80::1%eth0", "::ffff:20.1.1.5"]
)
def test_an_odd_address_does_no_harm(address: str) -> None:
    life = Life()
    life.visit(life.at + HOUR, address=address, agent="\udcff\x00")
    assert all(len(profile.dump()) <= 2048 for profile in life.profiles.values())
