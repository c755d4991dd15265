"""Forged and damaged requests. Each is refused with a reason, and with no other exception."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from futuretracker.auth.request_signatures import BadSignature
from tests.auth.request_signatures.attacks_after_signing import BODILESS, CHANGED
from tests.auth.request_signatures.attacks_by_signers import SIGNED_COMPONENTS, SIGNED_PARAMETERS
from tests.auth.request_signatures.attacks_on_headers import DAMAGED_INPUT, DAMAGED_SIGNATURE
from tests.auth.request_signatures.signing import (
    ALGORITHMS,
    ALL,
    NOW,
    PARAMETERS,
    Request,
    change,
    check,
    get,
    sign,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.parametrize("algorithm", ALGORITHMS)


def refuses(request: Request, algorithm: str, reason: str, now: float = NOW) -> None:
    with pytest.raises(BadSignature) as refused:
        check(request, algorithm, now)
    assert refused.value.reason == f"signature-{reason}"


@pytest.mark.parametrize(("part", "value", "reason"), CHANGED)
def test_a_request_that_was_changed(algorithm: str, part: str, value: str, reason: str) -> None:
    request = sign(Request(), algorithm)
    change(request, part, value)

    refuses(request, algorithm, reason)


@pytest.mark.parametrize(("old", "new", "reason"), DAMAGED_INPUT)
def test_a_damaged_signature_input(algorithm: str, old: str, new: str, reason: str) -> None:
    request = sign(Request(), algorithm)
    given = request.headers["signature-input"]
    assert old in given
    request.headers["signature-input"] = given.replace(old, new, 1) if old else new

    refuses(request, algorithm, reason)


@pytest.mark.parametrize(("form", "reason"), DAMAGED_SIGNATURE)
def test_a_damaged_signature(algorithm: str, form: str, reason: str) -> None:
    request = sign(Request(), algorithm)
    text = request.headers["signature"].removeprefix("sig=:").removesuffix(":")
    request.headers["signature"] = form.format(
        text=text,
        bare=text.rstrip("="),
        first=text[:20],
        rest=text[20:],
        reversed=text.rstrip("=")[::-1],
        other=chr(ord(text.rstrip("=")[-1]) + 1),
        most=text.rstrip("=")[:-1],
        padding="=" * text.count("="),
    )

    refuses(request, algorithm, reason)


@pytest.mark.parametrize(("components", "reason"), SIGNED_COMPONENTS)
def test_a_signature_that_covers_something_else(
    algorithm: str, components: Sequence[str], reason: str
) -> None:
    """The owner of the key signs other components than the profile wants."""
    refuses(sign(Request(), algorithm, components=components), algorithm, reason)


@pytest.mark.parametrize(("parameters", "reason"), SIGNED_PARAMETERS)
def test_a_signature_with_other_parameters(algorithm: str, parameters: str, reason: str) -> None:
    """The owner of the key signs other parameters than the profile wants."""
    refuses(sign(Request(), algorithm, parameters=parameters), algorithm, reason)


@pytest.mark.parametrize(("components", "body", "reason"), BODILESS)
def test_a_body_that_is_covered_wrongly(
    algorithm: str, components: Sequence[str], body: bytes, reason: str
) -> None:
    request = sign(Request(body=b"", headers={}), algorithm, components=components)
    request.body = body

    refuses(request, algorithm, reason)


@pytest.mark.parametrize(
    ("skew", "reason"),
    [
        (301, "stale"), (300.5, "stale"), (3600, "stale"), (86_400, "stale"), (1e12, "stale"),
        (-301, "from-the-future"), (-300.5, "from-the-future"), (-86_400, "from-the-future"),
    ],
)  # fmt: skip
def test_a_clock_that_differs_by_more_than_300_seconds(
    algorithm: str, skew: float, reason: str
) -> None:
    refuses(sign(Request(), algorithm), algorithm, reason, now=NOW + skew)


def test_a_signature_that_has_expired(algorithm: str) -> None:
    parameters = f"{PARAMETERS};expires={NOW + 10}"
    request = sign(Request(), algorithm, parameters=parameters)

    refuses(request, algorithm, "expired", now=NOW + 10.5)


@pytest.mark.parametrize("missing", ["signature", "signature-input"])
def test_half_a_signature(algorithm: str, missing: str) -> None:
    request = sign(Request(), algorithm)
    del request.headers[missing]

    refuses(request, algorithm, "incomplete")


@pytest.mark.parametrize("missing", ["content-type", "content-digest"])
def test_a_covered_header_that_is_missing(algorithm: str, missing: str) -> None:
    request = sign(Request(), algorithm)
    del request.headers[missing]

    refuses(request, algorithm, f"{missing}-missing")


def test_the_signature_of_another_request(algorithm: str) -> None:
    request, other = sign(Request(), algorithm), sign(Request(path="/api/v1/me"), algorithm)
    request.headers["signature"] = other.headers["signature"]

    refuses(request, algorithm, "invalid")


def test_a_signature_that_is_moved_to_another_request(algorithm: str) -> None:
    request = get()
    request.headers = sign(Request(method="GET", path="/api/v1/me", body=b""), algorithm).headers

    refuses(request, algorithm, "invalid")


def test_a_signature_by_the_other_algorithm(algorithm: str) -> None:
    (other,) = {*ALGORITHMS} - {algorithm}

    refuses(sign(Request(), other), algorithm, "invalid")
    named = sign(Request(), other, parameters=f'{PARAMETERS};alg="{other}"')
    refuses(named, algorithm, "alg-differs")
    lying = sign(Request(), other, parameters=f'{PARAMETERS};alg="{algorithm}"')
    refuses(lying, algorithm, "invalid")


def test_a_value_that_looks_like_further_lines(algorithm: str) -> None:
    """A line break in a value must not let it pass for two components."""
    request = sign(Request(), algorithm, components=ALL)
    request.query = 'q=a\n"content-type": application/json'

    refuses(request, algorithm, "value-unprintable")
