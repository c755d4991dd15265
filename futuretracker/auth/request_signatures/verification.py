"""Verify that a key has signed a request: the line, the content type and the body."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from futuretracker.auth.request_signatures.base import is_signed_by, signature_base
from futuretracker.auth.request_signatures.profile import BadSignature

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.auth.request_signatures.headers import Headers, Signed
    from futuretracker.auth.request_signatures.keys import Key

_PATH = re.compile(r"/[^?#]*").fullmatch
_DIGEST = re.compile(r"sha-256=:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=:").fullmatch


class Message(NamedTuple):
    """The request, as it was sent.

    Args:
        method: The method.
        authority: The host of this API, with the port unless it is the default port of the scheme.
            It comes from the configuration and never from the Host header.
        path: The path as in the request line, with its percent-encoding.
        query: The query as in the request line, without the question mark.
        headers: The headers.
        read_body: Returns the body. It runs only after the signature has been verified.
    """

    method: str
    authority: str
    path: str
    query: str
    headers: Headers
    read_body: Callable[[], bytes]


def verify(signed: Signed, message: Message, *keys: Key) -> None:
    """Return if one of the keys has signed the request and its body; raise BadSignature.

    Args:
        signed: What ``signature_of`` has returned for the headers of this request.
        message: The request.
        keys: The key, and while a rotation lasts, the former one.
    """
    if signed.algorithm and any(signed.algorithm != key.name for key in keys):
        raise BadSignature("signature-alg-differs")
    values = _request_line(message)
    if signed.covers_body:
        values |= _body_headers(message.headers)
    parsed = signed.parsed
    base = signature_base(parsed.components, values, parsed.signature_params)
    if not any(is_signed_by(key, base, parsed.signature) for key in keys):
        raise BadSignature("signature-invalid")
    _check_body(message.read_body(), values.get("content-digest"))


def _request_line(message: Message) -> dict[str, str]:
    """Return the derived components (RFC 9421, section 2.2)."""
    if not _PATH(message.path) or "#" in message.query:
        raise BadSignature("signature-target-invalid")
    return {
        "@method": message.method,
        "@authority": message.authority,
        "@path": message.path,
        "@query": "?" + message.query,
    }


def _body_headers(headers: Headers) -> dict[str, str]:
    content_type = headers.get("content-type")
    digest = headers.get("content-digest")
    if not content_type:
        raise BadSignature("signature-content-type-missing")
    if digest is None:
        raise BadSignature("signature-content-digest-missing")
    if not _DIGEST(digest):
        raise BadSignature("signature-content-digest-malformed")
    return {"content-type": content_type, "content-digest": digest}


def _check_body(body: bytes, digest: str | None) -> None:
    """Compare the body with its digest (RFC 9530). A body without a digest is refused."""
    if digest is None:
        if body:
            raise BadSignature("signature-body-not-covered")
    elif not body:
        raise BadSignature("signature-body-missing")
    elif digest != f"sha-256=:{b64encode(sha256(body).digest()).decode()}:":
        raise BadSignature("signature-content-digest-differs")
