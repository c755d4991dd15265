"""The request header ``Prefer`` (RFC 7240)."""

from __future__ import annotations

from werkzeug.http import parse_list_header


def is_strict(header: str | None) -> bool:
    """Return whether the client prefers ``handling=strict``.

    Only the first ``handling`` counts. Other preferences and all parameters are ignored.
    """
    if header is None:
        return False
    for item in parse_list_header(header):
        preference, _, _parameters = item.partition(";")
        name, _, value = preference.partition("=")
        if name.strip().lower() == "handling":
            return value.strip().strip('"').lower() == "strict"
    return False
