"""Check exclusions: each is for a rule that exists, and for one field.

ModSecurity accepts an exclusion for a rule that does not exist, and ignores it. So after an update
that renumbers a rule, the rule would refuse honest requests again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from futuretracker.checks.firewall.statements import rule_ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from futuretracker.checks.firewall.statements import Statement

_DIRECTIVE = re.compile(r"SecRule(Remove|UpdateTarget|UpdateAction)By(Id|Tag|Msg)\s+(.*)").match
_CONTROL = re.compile(r"ctl:rule(Remove|RemoveTarget)By(Id|Tag|Msg)=([^;,\"'\s]+)")
_ESCAPED = re.compile(r"\\.")
_NUMBER = re.compile(r"\d+").fullmatch


def exclusions(found: list[Statement], folder: Path) -> Iterator[tuple[Statement, str, str, str]]:
    """Yield statement, action, selection and value of each exclusion in this folder's files."""
    for statement in found:
        if statement.file.parent != folder:
            continue  # the Core Rule Set has some of its own
        if directive := _DIRECTIVE(statement.text):
            yield statement, directive[1], directive[2], directive[3]
        for control in _CONTROL.finditer(statement.text):
            yield statement, control[1], control[2], control[3]


def problems(found: list[Statement], folder: Path) -> list[str]:
    """Return a sentence for each statement or exclusion that is not usable."""
    known = rule_ids(found)
    said = [
        f"{each.place}: a quote is not closed."
        for each in found
        if each.file.parent == folder and _ESCAPED.sub("", each.text).count('"') % 2
    ]
    for statement, action, selection, value in exclusions(found, folder):
        if action == "Remove" or selection != "Id":
            said.append(
                f"{statement.place}: this excludes whole rules. Exclude one field of one rule"
                ' instead, such as: SecRuleUpdateTargetById 942100 "!ARGS:json.title".'
            )
            continue
        number = value.split()[0].strip('"') if value else ""
        if not _NUMBER(number) or int(number) not in known:
            said.append(
                f"{statement.place}: there is no rule {number}."
                " Remove the exclusion, or correct the id."
            )
    return said
