"""Find everything that is wrong in the firewall's rules, before nginx reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.checks.firewall.engine import missing_rules, wrong_engine
from futuretracker.checks.firewall.exclusions import wrong_exclusions
from futuretracker.checks.firewall.phases import early_refusals
from futuretracker.checks.firewall.texts import wrong_texts

if TYPE_CHECKING:
    from pathlib import Path

    from futuretracker.checks.firewall.statements import Statement


def problems(found: list[Statement], folder: Path) -> list[str]:
    """Return a sentence for each statement or exclusion that is not usable."""
    if missing := missing_rules(found, folder):
        return [missing]  # the exclusions would all be wrong, too
    return [
        *wrong_texts(found, folder),
        *wrong_engine(found, folder),
        *early_refusals(found, folder),
        *wrong_exclusions(found, folder),
    ]
