"""ORIGIN_ADDRESS: the address of the host behind Cloudflare."""

from __future__ import annotations

import pytest

from tests.checks.conftest import subject_of


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("203.0.113.7", ("203.0.113.7", 443)),
        (" 203.0.113.7:8443 ", ("203.0.113.7", 8443)),
        ("2001:DB8::1", ("2001:db8::1", 443)),
        ("[2001:db8::1]", ("2001:db8::1", 443)),
        ("[2001:db8::1]:8443", ("2001:db8::1", 8443)),
    ],
)
def test_an_address_is_read_with_its_port(text: str, place: tuple[str, int]) -> None:
    assert subject_of({"ORIGIN_ADDRESS": text}).settings.origin == place


def test_it_may_be_missing() -> None:
    assert subject_of({}).settings.origin is None


@pytest.mark.parametrize(
    "text",
    ["api.example.com", "https://203.0.113.7", "203.0.113.7:0", "203.0.113.7:65536", "203.0.113",
     "203.0.113.7/32", "[203.0.113.7", "::1::"],
)  # fmt: skip
def test_something_else_is_a_problem(text: str) -> None:
    (problem,) = [
        each for each in subject_of({"ORIGIN_ADDRESS": text}).problems if "ORIGIN" in each
    ]

    assert "must be an IP address, and a port if it is not 443" in problem
