"""docs/api/signed-requests.md describes what this package does."""

from __future__ import annotations

import re
from hashlib import sha256

import pytest

from futuretracker.auth.request_signatures import (
    BadSignature,
    HmacKey,
    Message,
    signature_of,
    verify,
)
from futuretracker.auth.request_signatures.headers import _FORMS
from tests.support.servers import ROOT

PAGE = (ROOT / "docs/api/signed-requests.md").read_text()
CODE = ROOT / "futuretracker/auth/request_signatures"


def test_the_example_is_valid() -> None:
    _, text = re.findall(r"^```text\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
    headers = {line.split(": ")[0].lower(): line.split(": ", 1)[1] for line in text.splitlines()}
    secret, body = re.search("are `([0-9A-Za-z]{43})`", PAGE)[1], re.search("of `({.*})`:", PAGE)[1]
    key = HmacKey(sha256(secret.encode()).digest())
    message = Message("POST", "api.example.com", "/api/v1/opportunities", "", headers, body.encode)
    signed = signature_of(headers, 1764345004)

    verify(signed, message, key)
    with pytest.raises(BadSignature, match="signature-invalid"):
        verify(signed, message._replace(method="PUT"), key)


def test_the_table_has_every_reason() -> None:
    raised = {
        reason
        for file in CODE.glob("*.py")
        for reason in re.findall(r'BadSignature\("(signature-[a-z-]+)"\)', file.read_text())
    }
    forms = {f"signature-{name}-invalid" for name in _FORMS}
    added_by_the_service = {"signature-replayed", "signature-no-authority"}

    shown = {*re.findall(r"`(signature-[a-z-]+)`", PAGE)}
    assert shown == raised | forms | added_by_the_service
