"""The memory of verified tokens: what it keeps, and for how long."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import pytest

from futuretracker.auth import sessions
from futuretracker.auth.api_keys.lookup import ApiKeys
from futuretracker.auth.sessions import Sessions
from futuretracker.auth.tokens import Verifier
from futuretracker.store import cache
from futuretracker.web.errors import Unauthenticated
from tests.auth.forge import Clock, Forge, In
from tests.auth.tokens.sender import EXPIRED
from tests.conftest import config_from

if TYPE_CHECKING:
    from futuretracker.web.request import Session
    from tests.auth.tokens.sender import TokenSender

pytestmark = pytest.mark.in_process  # the reason of a refusal is in the log


class Counting(Verifier):
    """Counts the verifications of signatures."""

    verified = 0

    def verify(self, token: str) -> Session:
        self.verified += 1
        return super().verify(token)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(cache, "time", clock)
    monkeypatch.setattr(sessions, "time", clock)
    return clock


@pytest.fixture
def verifier(settings: dict[str, str]) -> Counting:
    return Counting(config_from(settings).clerk)


def test_a_verified_token_is_remembered_for_a_minute(
    clock: Clock, verifier: Counting, forge: Forge
) -> None:
    memory, header = Sessions(verifier, ApiKeys("test")), f"Bearer {forge.token({'exp': In(300)})}"
    first = memory.find(header)

    clock.forward(40)
    assert memory.find(header) == first
    assert verifier.verified == 1
    clock.forward(20)
    assert memory.find(header) == first
    assert verifier.verified == 2


def test_a_verified_token_is_not_remembered_beyond_its_end(
    clock: Clock, verifier: Counting, forge: Forge
) -> None:
    memory, header = Sessions(verifier, ApiKeys("test")), f"Bearer {forge.token({'exp': In(30)})}"
    ends_at = memory.find(header).expires_at

    clock.ahead = ends_at - time.time() - 10
    memory.find(header)
    assert verifier.verified == 1
    clock.forward(10)
    memory.find(header)
    assert verifier.verified == 2


def test_a_refused_token_is_not_remembered(verifier: Counting, forge: Forge) -> None:
    memory, header = (
        Sessions(verifier, ApiKeys("test")),
        f"Bearer {forge.token({'sts': 'pending'})}",
    )

    for _ in range(2):
        with pytest.raises(Unauthenticated):
            memory.find(header)
    assert verifier.verified == 2


def test_a_token_with_another_signature_is_refused_although_the_rest_is_remembered(
    verifier: Counting, forge: Forge
) -> None:
    memory, token = Sessions(verifier, ApiKeys("test")), forge.token()
    memory.find(f"Bearer {token}")

    with pytest.raises(Unauthenticated):
        memory.find(f"Bearer {token[:-10]}AAAAAAAAAA")


@pytest.mark.parametrize("shape", ["", "{}", "Basic {}", "Bearer  {}", "Bearer {} ", "Bearer {},"])
def test_a_remembered_token_is_found_by_its_exact_header_only(
    verifier: Counting, forge: Forge, shape: str
) -> None:
    memory, token = Sessions(verifier, ApiKeys("test")), forge.token()
    memory.find(f"Bearer {token}")

    assert memory.recall(f"Bearer {token}")
    assert memory.recall(shape.format(token)) is None


def test_the_memory_is_bounded_and_holds_no_token(verifier: Counting, forge: Forge) -> None:
    memory, token = Sessions(verifier, ApiKeys("test")), forge.token()
    memory.find(f"Bearer {token}")

    entries = memory._verified._entries  # noqa: SLF001 - the test is about what stays in memory
    assert list(entries) == [hashlib.sha256(f"Bearer {token}".encode()).digest()]
    assert token not in repr(entries)

    bounded: cache.Cache[int, int] = cache.Cache(size=3)
    for number in range(5):
        bounded.put(number, number, time.time() + 60)
    assert [bounded.get(number) for number in range(5)] == [None, None, 2, 3, 4]


def test_a_token_is_refused_after_its_end_plus_the_leeway(
    sender: TokenSender, forge: Forge
) -> None:
    header = f"Bearer {forge.token({'exp': In(-3), 'iat': In(-60)})}"

    assert sender.send(header).status_code == 200
    time.sleep(2)
    assert sender.refusal(header, EXPIRED) == "token-expired"
