"""Translate one line of ModSecurity's audit log into the fields of a line of type WAF.

The audit log has the texts that rules have matched, so parts of headers and bodies. Nothing of them
may get into a log line: only the names of fields, and only if they look like names.
"""

from __future__ import annotations

import ipaddress
import json
import re
import time
from collections import OrderedDict
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from futuretracker.telemetry.json_lines import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Fields = dict[str, Any]
# Rule 949110 compares the score of a request with the threshold. Rules of deploy/nginx/waf have
# ids from 10000, and refuse without a score.
EVALUATION = 949110
OURS = range(10000, 11000)
LONGEST_PATH = 1000
RECENT = 64  # requests

_SCORE = re.compile(r"Total Score: (\d{1,6})").search
_VARIABLE = re.compile(r"against variable `([^']{1,200})' \(Value: ").search
_FOUND = re.compile(r" found within ([A-Z_]+(?::[^ ]{1,150})?): ").search
_COLLECTION = re.compile(r"[A-Z_]{1,40}").fullmatch
# A JSON key or the name of a header. Tokens are longer.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}(?:\.[A-Za-z][A-Za-z0-9_-]{0,31}){0,7}").fullmatch
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}").fullmatch
_METHOD = re.compile(r"[A-Z]{1,20}").fullmatch
_PATH = re.compile(r"[!-~]*").fullmatch
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]{2,45}").fullmatch


class Translator:
    """Translates lines, and leaves out the second of two lines about the same request.

    nginx inspects a refused request twice. If it refuses it before it reads the body, each
    inspection writes a line. The lines are close together, but others may be between them.
    """

    def __init__(self) -> None:
        self._recent: OrderedDict[object, None] = OrderedDict()

    def translate(self, line: bytes) -> Fields | None:
        """Return the fields of a request that the firewall has refused, or would have refused.

        Returns None for a request that passed, and for the second line about a request. Raises
        ValueError if the line is not an audit log's.
        """
        try:
            said = json.loads(line.decode(errors="replace"))["transaction"]
            fields = _translate(said)
            return None if fields and self._is_second(fields, said["client_port"]) else fields
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            message = "not a line of ModSecurity's audit log"
            raise ValueError(message) from error

    def _is_second(self, fields: Fields, port: int) -> bool:
        # A client chooses the id, so it alone does not identify a request.
        key = fields["requestId"], fields["ip"], port, *fields["ruleIds"]
        if key in self._recent:
            del self._recent[key]
            return True
        self._recent[key] = None
        if len(self._recent) > RECENT:
            self._recent.popitem(last=False)
        return False


def _translate(said: Mapping[str, Any]) -> Fields | None:
    rules = [_Rule(message) for message in said["messages"]]
    enabled = said["producer"]["secrules_engine"] == "Enabled"
    refused = enabled and said["response"]["http_code"] == HTTPStatus.FORBIDDEN
    if not refused and not any(rule.decides for rule in rules):
        return None
    return _fields(said, rules, "refused" if refused else "detected")


class _Rule:
    """A rule that has matched."""

    def __init__(self, message: Mapping[str, Any]) -> None:
        details = message["details"]
        self.id = int(details["ruleId"])
        self.decides = self.id == EVALUATION or self.id in OURS
        self.text: str = message["message"]
        found = _VARIABLE(details["match"]) or _FOUND(details["data"])
        self.field = _without_values(found[1]) if found else None


def _fields(said: Mapping[str, Any], rules: Iterable[_Rule], outcome: str) -> Fields:
    asked = said["request"]
    scores = (_SCORE(rule.text) for rule in rules if rule.id == EVALUATION)
    causes = [rule for rule in rules if rule.id != EVALUATION]
    path = asked["uri"].partition("?")[0][:LONGEST_PATH]
    ip = said["client_ip"] if _ADDRESS(said["client_ip"]) else None
    return {
        "timestamp": _timestamp(said["time_stamp"]),
        "outcome": outcome,
        "requestId": said["unique_id"] if _ID(said["unique_id"]) else None,
        "ip": ip,
        "network": _network(ip),
        "method": asked["method"] if _METHOD(asked["method"]) else None,
        "path": path if _PATH(path) else "",
        "ruleIds": sorted({rule.id for rule in causes}),
        "field": next((rule.field for rule in causes if rule.field), None),
        "score": next((int(score[1]) for score in scores if score), None),
    }


def _network(ip: str | None) -> str | None:
    """Return what fail2ban counts and bans: an IPv4 address, or the /56 network of an IPv6 one."""
    with suppress(ValueError):
        address = ipaddress.ip_address(ip or "")
        if isinstance(address, ipaddress.IPv6Address) and not address.ipv4_mapped:
            return str(ipaddress.IPv6Network((int(address), 56), strict=False))
        return str(getattr(address, "ipv4_mapped", address))
    return None


def _without_values(variable: str) -> str | None:
    """Return a variable's name, such as ``ARGS:json.title``, if it cannot be a value."""
    collection, _, name = variable.partition(":")
    if not _COLLECTION(collection):
        return None
    # The values of these are names that the client has chosen.
    if collection.endswith("_NAMES") or not _NAME(name):
        return collection
    return variable


def _timestamp(text: str) -> str:
    """Return the time of a request, which is in the local time of this host."""
    return timestamp(time.mktime(time.strptime(text, "%a %b %d %H:%M:%S %Y")))
