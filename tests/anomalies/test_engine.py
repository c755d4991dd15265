from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from futuretracker.anomalies import detectors
from futuretracker.anomalies.agents import family
from futuretracker.anomalies.alarms import SEVERITIES
from futuretracker.anomalies.cleaning import NUMBERS
from futuretracker.anomalies.engine import Engine
from futuretracker.anomalies.networks import block, provider
from futuretracker.anomalies.observations import Observation, merge
from tests.anomalies.detectors.life import HOUR, Life

if TYPE_CHECKING:
    from types import ModuleType

    from futuretracker.anomalies.profile import Profile

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36"
FILES = sorted(Path(detectors.__file__).parent.glob("[a-z]*.py"))


def test_every_detector_is_used() -> None:
    assert sorted(module.__name__.rpartition(".")[2] for module in detectors.MODULES) == [
        file.stem for file in FILES
    ]
    assert len(detectors.KINDS) == 12


@pytest.mark.parametrize("module", detectors.MODULES)
def test_a_detector_explains_itself(module: ModuleType) -> None:
    assert module.__name__.endswith(f".{module.KIND.replace('-', '_')}")
    assert module.SEVERITY in SEVERITIES
    text = " ".join(module.__doc__.split())
    assert "It means that" in text
    assert "Honest explanation" in text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_detector_reads_the_clock(file: Path) -> None:
    names = {
        node.id for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Name)
    }
    assert not names & {"time", "datetime"}


@pytest.mark.parametrize(
    ("observation", "subjects"),
    [
        (
            Observation(1, 1, "user_1", "sess_1", "web", "20.1.1.5"),
            ["population", "user:user_1", "network:20.1.1.0/24"],
        ),
        (
            Observation(1, 1, "user_1", "key_abc", "key:abc", "2a02:1:2:3::4"),
            ["population:keys", "key:abc", "user:user_1", "network:2a02:1:2::/48"],
        ),
        (Observation(1, 1, "user_1", client="web"), ["population", "user:user_1"]),
        (
            Observation(1, 1, address="20.1.1.5", failures=1),
            ["population:strangers", "network:20.1.1.0/24", "service"],
        ),
        (Observation(1, 1, webhooks=1), ["population:strangers", "service"]),
    ],
)
def test_only_the_profiles_of_the_subjects_change(
    observation: Observation, subjects: list[str]
) -> None:
    profiles: dict[str, Profile] = {}
    engine = Engine()
    engine.observe(observation, profiles)
    assert engine.subjects(observation) == subjects
    assert sorted(profiles) == sorted(subjects)


def test_the_same_alarm_does_not_come_with_each_observation() -> None:
    life = Life()
    for step in range(60):
        life.see(life.at + 12 * HOUR + 10 * step, missing=5, ids=5)
    numbers = [alarm.figures["missing"] for alarm in life.alarms]
    assert numbers == [15, 25, 40, 60, 90, 135, 205]  # each time it has grown by half


def test_networks() -> None:
    assert block("20.1.2.3") == "20.1.2.0/24"
    assert provider("20.1.2.3") == "20.1.0.0/16"
    assert block("2a02:8071:1:2::5") == "2a02:8071:1::/48"
    assert provider("2a02:8071:1:2::5") == "2a02:8071::/32"
    assert block("::ffff:20.1.2.3") == "20.1.2.0/24"
    assert block("fe80::1%eth0") == "fe80::/48"
    assert block("") == block("20.1.2") == block("20.1.2.3/8") == ""


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Edg/139.0", "Edg/Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0", "Firefox/Linux"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537 HeadlessChr", "Headless/Linux"),
        ("Mozilla/5.0", "Mozilla/other"),
        ("curl/8.5.0", "curl"),
        ("FutureTracker/1.20 (iPhone; iOS 18.5)", "futuretracker"),
        ("", "none"),
        ("1.2.3", "none"),
    ],
)
def test_a_user_agent_without_its_versions(agent: str, expected: str) -> None:
    assert family(agent) == expected


def test_merged_observations_are_their_sum() -> None:
    one = Observation(10, 15, "user_1", "sess_1", "web", "20.1.1.5", "a", request_ids=("a", "b"))
    one = one._replace(**{name: number for number, name in enumerate(NUMBERS)})  # type: ignore[arg-type]
    two = one._replace(at=5.0, until=12.0, request_ids=("b", "c", "d", "e", "f"))
    both = merge(one, two)
    assert both[:7] == (5, 15, *one[2:7])
    assert [getattr(both, name) for name in NUMBERS] == [2 * number for number in range(11)]
    assert both.request_ids == ("a", "b", "c", "d", "e")
