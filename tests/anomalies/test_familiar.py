from __future__ import annotations

import pytest

from futuretracker.anomalies.familiar import Familiar
from tests.anomalies.detectors.life import DAY, HOUR, MINUTE, PROXY, START, Life


@pytest.mark.parametrize(("known", "is_new"), [(DAY, False), (DAY - MINUTE, True)])
def test_many_names_of_a_day_do_not_displace_one_of_several_days(
    known: float, *, is_new: bool
) -> None:
    networks = Familiar(24)
    networks.use("home", START)
    networks.use("home", START + known)
    for number in range(100):
        networks.use(f"proxy {number}", START + 2 * DAY + number * MINUTE)
    assert networks.use("home", START + 3 * DAY) == is_new


def test_of_the_names_of_one_day_the_oldest_is_forgotten_however_long_it_was_used() -> None:
    networks = Familiar(2)
    for at in (START, START + 20 * HOUR):
        networks.use("morning", at)
    networks.use("evening", START + 21 * HOUR)
    networks.use("night", START + 22 * HOUR)
    assert list(networks.times) == ["evening", "night"]


def test_an_attacker_with_many_networks_does_not_make_the_home_of_a_user_new() -> None:
    life = Life()
    for number in range(100):
        life.see(life.at + 12 * HOUR + number * MINUTE, address=f"50.{number}.1.1", agent="")
    life.alarms.clear()

    life.see(life.at + 20 * HOUR, session="sess_new")
    life.change(life.at + 20 * HOUR + MINUTE, deletes=1)
    assert life.alarms == []
    assert life.profiles["user:user_1"].strange < life.at + 14 * HOUR
    life.see(life.at + 20 * HOUR, address=PROXY)
    assert life.profiles["user:user_1"].strange == life.at + 20 * HOUR
