"""Check what every refusal needs: the engine that is on, and the rule that decides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from futuretracker.checks.firewall.statements import own, rule_ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from futuretracker.checks.firewall.statements import Statement

# The rules that refuse a request or a response by the score that the other rules have added up.
DECIDES = 949110
DECIDING = frozenset({DECIDES, 959100})

_ENGINE = re.compile(r"SecRuleEngine\s+\"?(\w+)", re.IGNORECASE).match
_SWITCH = re.compile(r"ctl:ruleEngine\s*=\s*(\w+)", re.IGNORECASE)
# `Off` is a decision of the operator if it is in the file for it, and else a mistake.
_VALUES = frozenset({"on", "detectiononly", "off"})
_FILE = "engine.conf"


def wrong_engine(found: list[Statement], folder: Path) -> Iterator[str]:
    """Yield a sentence for each reason why no attack, or not every attack, is refused."""
    file = folder / _FILE
    settings = [(each, match[1].lower()) for each in found if (match := _ENGINE(each.text))]
    if not settings:
        yield (
            f"{file}, line 1: SecRuleEngine is missing, so every attack passes."
            " Write SecRuleEngine On or SecRuleEngine DetectionOnly here, and include this file"
            " in main.conf."
        )
    for statement, value in settings:
        if value not in _VALUES or (value == "off" and statement.file != file):
            yield (
                f"{statement.place}: SecRuleEngine {value} lets every attack pass. Write On,"
                f" DetectionOnly or Off, and only in {_FILE}."
            )
    for statement in own(found, folder):
        for switch in _SWITCH.finditer(statement.text):
            if switch[1].lower() != "on":
                yield (
                    f"{statement.place}: {switch[0]} lets attacks pass. Remove it, and exclude"
                    " one field of one rule instead."
                )


def missing_rules(found: list[Statement], folder: Path) -> str | None:
    """Return a sentence if there are no rules, or none that decides."""
    main = folder / "main.conf"
    known = rule_ids(found)
    if not known:
        return (
            f"{main}, line 1: there are no rules, so every attack passes. Install the file again."
        )
    if DECIDES not in known:
        return (
            f"{main}: there is no rule {DECIDES}, which refuses a request by its score, so attacks"
            " pass. Include /usr/share/modsecurity-crs/rules/REQUEST-*.conf."
        )
    return None
