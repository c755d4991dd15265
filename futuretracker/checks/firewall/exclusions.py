"""Check exclusions: each is for one rule that exists, and for one field.

ModSecurity accepts an exclusion for a rule that does not exist, and ignores it. So after an update
that renumbers a rule, the rule would refuse honest requests again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from futuretracker.checks.firewall.engine import DECIDING
from futuretracker.checks.firewall.statements import own, rule_ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from futuretracker.checks.firewall.statements import Statement

# ModSecurity reads names of directives, of actions and of collections in any letter case.
_DIRECTIVE = re.compile(
    r"SecRule(Remove|UpdateTarget|UpdateAction)By(Id|Tag|Msg)\b\s*(.*)", re.IGNORECASE
).match
_CONTROL = re.compile(r"ctl:rule(Remove|RemoveTarget)By(Id|Tag|Msg)\s*=([^,\"'\s]*)", re.IGNORECASE)
_SPELLINGS = {
    name.lower(): name
    for name in ("Remove", "RemoveTarget", "UpdateTarget", "UpdateAction", "Id", "Tag", "Msg")
}
_NUMBER = re.compile(r"\d+").fullmatch
_RANGE = re.compile(r"(\d+)(?:\s*-\s*(\d+))?")

# What an exclusion may name: one field of a collection, or one of these parts of a request.
_FIELD = re.compile(r"[A-Z_]+:[\w.-]+", re.IGNORECASE).fullmatch
_PARTS = frozenset({"REQUEST_BODY", "REQUEST_PROTOCOL", "REQUEST_URI", "REQUEST_URI_RAW"})
_INSTEAD = 'such as: SecRuleUpdateTargetById 942100 "!ARGS:json.title".'


def exclusions(found: list[Statement], folder: Path) -> Iterator[tuple[Statement, str, str, str]]:
    """Yield statement, action, selection and value of each exclusion in this folder's files."""
    for statement in own(found, folder):
        matches = [_DIRECTIVE(statement.text), *_CONTROL.finditer(statement.text)]
        for match in filter(None, matches):
            action, selection = (_SPELLINGS[name.lower()] for name in match.group(1, 2))
            yield statement, action, selection, match[3]


def wrong_exclusions(found: list[Statement], folder: Path) -> Iterator[str]:
    """Yield a sentence for each exclusion that switches off too much, or that has no effect."""
    known = rule_ids(found)
    for statement, action, selection, value in exclusions(found, folder):
        if wrong := _wrong(action, selection, value, known):
            yield f"{statement.place}: {wrong}"


def _wrong(action: str, selection: str, value: str, known: set[int]) -> str | None:
    separators = r"[;\s\"']+" if action == "RemoveTarget" else r"[\s\"']+"
    number, _, targets = re.sub(separators, " ", value).strip().partition(" ")
    named = value if action == "Remove" else number
    if selection == "Id" and (deciding := _deciding(named)):
        return (
            f"this changes rule {deciding}, which refuses a request by its score, so attacks pass."
            f" Exclude one field of another rule instead, {_INSTEAD}"
        )
    if action == "Remove" or selection != "Id":
        return f"this excludes whole rules. Exclude one field of one rule instead, {_INSTEAD}"
    if not _NUMBER(number) or int(number) not in known:
        return f"there is no rule {number}. Remove the exclusion, or correct the id."
    if action == "UpdateAction":
        return f"this changes what a whole rule does. Exclude one field instead, {_INSTEAD}"
    if not _one_field(targets, always=action == "RemoveTarget"):
        return f"{targets or 'this'} is not one field. Exclude one field of the rule, {_INSTEAD}"
    return None


def _deciding(value: str) -> int | None:
    """Return the rule that decides which these ids and ranges of ids include, if one does."""
    for first, last in _RANGE.findall(value):
        for number in sorted(DECIDING):
            if int(first) <= number <= int(last or first):
                return number
    return None


def _one_field(targets: str, *, always: bool) -> bool:
    """Return whether all excluded targets are fields. A target without ! is added, not excluded."""
    each = re.split(r"[|,\s]+", targets.strip())
    excluded = [target.removeprefix("!") for target in each if always or target[:1] == "!"]
    fields = all(_FIELD(target) or target.upper() in _PARTS for target in excluded)
    return bool(targets) and fields
