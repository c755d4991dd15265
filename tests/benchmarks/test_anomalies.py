"""Tiny worlds are simulated, and the engine's findings are compared with the incidents."""

from __future__ import annotations

import itertools
import re
from operator import attrgetter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from benchmarks.anomalies.evaluation import Raised, evaluate, judge
from benchmarks.anomalies.explanation import explain
from benchmarks.anomalies.hard import WHY, hard
from benchmarks.anomalies.incidents.plan import ATTACKS, EACH, STRENGTHS, UNSEEN, Incident
from benchmarks.anomalies.page import BEGIN, END
from benchmarks.anomalies.report import Row, false_alarms, rows
from benchmarks.anomalies.seeds import HELD_OUT, TRAINING
from benchmarks.anomalies.world import Size, World, arrival
from futuretracker.anomalies.alarms import Alarm
from futuretracker.anomalies.findings import fold
from tests.benchmarks import run_module

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from pathlib import Path

    from futuretracker.anomalies.observations import Observation
    from futuretracker.anomalies.profile import Profile

TINY = Size(users=12, days=16)
WEEKS = Size(users=40, days=30)


class Silent:
    """An engine that never raises an alarm."""

    def observe(self, _: Observation, __: MutableMapping[str, Profile]) -> list[Alarm]:
        return []


class Anxious:
    """An engine that raises an alarm about everything."""

    def observe(self, seen: Observation, _: MutableMapping[str, Profile]) -> list[Alarm]:
        subject = f"user:{seen.user}" if seen.user else "service"
        # An alarm of the same kind would extend the finding, and nobody would hear of it.
        return [alarm(subject, seen.at, user=seen.user)._replace(kind=f"any {seen.at:.0f}")]


def alarm(subject: str, at: float, user: str = "") -> Alarm:
    return Alarm("any", "low", subject, user, "", {}, (), at, at)


def found(subject: str, at: float, user: str = "") -> Raised:
    return Raised(fold(alarm(subject, at, user), [])[0], at, is_new=True)


def world(seed: int, size: Size = TINY) -> tuple[World, list[Observation]]:
    made = World(seed, size)
    return made, list(made.observations())


def test_the_same_seed_gives_the_same_world_and_another_seed_another_one() -> None:
    (one, seen), (again, seen_again), (_, other) = world(11), world(11), world(12)

    assert seen == seen_again
    assert one.incidents == again.incidents
    assert seen != other
    assert len(seen) > 500


def test_observations_come_in_the_order_of_their_arrival() -> None:
    _, seen = world(11, WEEKS)

    assert [o for o in seen if o.user] == sorted((o for o in seen if o.user), key=arrival)
    assert any(a.at > b.at for a, b in itertools.pairwise(seen))
    assert all(o.at <= o.until for o in seen)


def test_a_world_has_the_planned_incidents_of_each_kind_and_strength() -> None:
    made, seen = world(11, WEEKS)
    kinds = [(i.kind, i.strength) for i in made.incidents]

    rare = ("woken-account", "leaked-key")  # they need somebody whom they fit
    for kind in ATTACKS.keys() - rare:
        assert all(kinds.count((kind, strength)) == EACH for strength in STRENGTHS), kind
    times = set(map(attrgetter("at"), seen))
    assert all(i.start in times for i in made.incidents)
    assert all(i.start < i.end for i in made.incidents)


def test_only_held_out_worlds_have_the_attacks_that_nobody_tuned_on() -> None:
    (trained, _), (held_out, _) = world(TRAINING[0], WEEKS), world(HELD_OUT[0], WEEKS)

    assert not {i.kind for i in trained.incidents} & UNSEEN.keys()
    assert {i.kind for i in held_out.incidents} >= UNSEEN.keys()
    assert all(p.adviser is None for p in trained.people)
    assert any(p.adviser is not None for p in held_out.people)
    assert not trained.novel
    assert held_out.novel
    assert not set(TRAINING) & set(HELD_OUT)


def test_every_kind_that_is_missed_is_explained() -> None:
    result, _ = evaluate(World(HELD_OUT[0], WEEKS), Silent())
    lines = dict(line.removeprefix("- `").split("`: ", 1) for line in hard([result]))

    assert lines.keys() == {i.incident.kind for i in result.outcomes}
    assert lines["mass-delete"].startswith("0 of 6 detected, 0 of them after 5 minutes. A stealthy")
    assert WHY.keys() == ATTACKS.keys() | UNSEEN.keys()


def test_a_silent_engine_detects_nothing_and_raises_no_false_alarm() -> None:
    result, profiles = evaluate(World(11, WEEKS), Silent())

    assert rows([result])[-1].rate == 0
    assert false_alarms([result]) == {"all": 0}
    assert profiles == {}


def test_an_engine_that_always_alarms_detects_everything_and_raises_false_alarms() -> None:
    result, _ = evaluate(World(11, WEEKS), Anxious())

    assert rows([result])[-1].rate == 1
    assert false_alarms([result])["all"] > 1000


def test_a_finding_counts_for_an_incident_of_its_subject_and_its_time_only() -> None:
    incident = Incident("mass-delete", "loud", frozenset({"user:user_a"}), 1000, 2000)
    cases = {
        "right": ("user:user_a", 1500),
        "somebody else": ("user:user_b", 1500),
        "too early": ("user:user_a", 900),
        "too late": ("user:user_a", 9000),
    }

    for name, (subject, at) in cases.items():
        raised = [found(subject, at)]
        (outcome,), false = judge([incident], raised)
        assert (outcome.delay == at - 1000) == (name == "right"), name
        assert (false == raised) == (name != "right"), name


def test_the_delay_is_that_of_the_first_finding() -> None:
    incident = Incident("mass-delete", "loud", frozenset({"user:user_a"}), 1000, 2000)
    (outcome,), false = judge(
        [incident], [found("user:user_a", 1600), found("session:s", 1200, user="user_a")]
    )

    assert Row("", [outcome]).delays == [200]
    assert not false


def test_single_events_of_a_held_out_world_are_not_shown() -> None:
    result, _ = evaluate(World(HELD_OUT[0], TINY), Silent())

    with pytest.raises(ValueError, match="held-out"):
        list(explain(result))


def test_the_results_go_between_the_markers_of_a_page(tmp_path: Path) -> None:
    page = tmp_path / "anomalies.md"
    page.write_text(f"# Title\n\n{BEGIN}\nThe results before.\n{END}\n\nThe rest.\n")
    small = ["--users", "12", "--days", "16", "--seed", "7"]
    output = run_module("benchmarks.anomalies", *small, "--profiles", "100", "--output", str(page))

    text = page.read_text()
    assert "Seeds 7:" in output
    assert "The results before." not in text
    assert text.startswith("# Title\n")
    assert text.endswith(f"{END}\n\nThe rest.\n")
    assert "| mass-delete | 6 |" in text
    assert re.search(r"every world has, \d+% are detected; of those that only these .*, \d+%", text)
    assert " false alarms are about the " in text
    assert "A user's profile has " in text
    assert "![Detection rates and false alarms](anomalies-results.svg)" in text
    ET.parse(tmp_path / "anomalies-results.svg")  # noqa: S314 - written just now


def test_the_size_and_the_speed_of_profiles_are_measured() -> None:
    small = ["--users", "100", "--simulated", "12", "--days", "16"]
    output = run_module("benchmarks.anomalies.capacity", *small)

    found = re.search(r"A user's profile has (\d+) bytes on average, and (\d+) at most", output)
    assert found is not None
    assert 0 < int(found[1]) <= int(found[2]) <= 2048
    assert "With 100 users, " in output
