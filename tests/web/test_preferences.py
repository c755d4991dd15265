"""The request header Prefer (RFC 7240)."""

from __future__ import annotations

import pytest

from futuretracker.web.preferences import is_strict


@pytest.mark.parametrize(
    "header",
    [
        "handling=strict",
        "HANDLING=Strict",
        'handling="strict"',
        " handling = strict ",
        "handling=strict; a=b",
        "handling=strict;a;b=c",
        "return=minimal, handling=strict",
        "respond-async, wait=10,handling=strict",
        'x="a, handling=lenient", handling=strict',
        r'x="a\", handling=lenient", handling=strict',
        "handling=strict, handling=lenient",
        ", ,handling=strict,",
    ],
)
def test_a_client_prefers_strict_handling(header: str) -> None:
    assert is_strict(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        ",",
        "handling",
        "handling=",
        "handling=lenient",
        "handling=strictly",
        "strict",
        "x-handling=strict",
        "return=minimal; handling=strict",
        'x="handling=strict"',
        'x="a, handling=strict"',
        "handling=lenient, handling=strict",
        "handling, handling=strict",
        '"',
        "=;=,=",
    ],
)
def test_a_client_does_not_prefer_strict_handling(header: str | None) -> None:
    assert not is_strict(header)
