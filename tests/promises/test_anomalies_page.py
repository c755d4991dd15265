"""Compare docs/anomalies.md with the detectors, the settings and the log lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from futuretracker.anomalies.detectors import MODULES
from futuretracker.config.anomalies import ACTIONS
from futuretracker.config.table import SECTIONS
from tests.promises.test_docs import table
from tests.support.servers import ROOT
from tests.telemetry.test_activity import FIELDS

if TYPE_CHECKING:
    from types import ModuleType

PAGE = ROOT / "docs" / "anomalies.md"
TEXT = PAGE.read_text()


def row_of(module: ModuleType) -> list[str]:
    """Return the row of a detector: kind, severity, and the sentences of its docstring."""
    first, rest = (module.__doc__ or "").strip().split("\n\n", 1)
    text = re.sub(r"\s+", " ", rest)
    meaning, word, honest = re.split(r"(Honest explanations?: )", text)
    assert word
    means = meaning.removeprefix("It means that ").replace(", or that ", ", or ").strip()
    sentence = means[0].upper() + means[1:]
    return [f"`{module.KIND}`", module.SEVERITY, first, sentence, honest[0].upper() + honest[1:]]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.KIND)
def test_the_page_explains_each_kind_as_its_detector_does(module: ModuleType) -> None:
    rows = {row[0]: row for row in table("docs/anomalies.md", "What it finds")}

    assert rows.get(f"`{module.KIND}`") == row_of(module)


def test_the_page_has_no_other_kind() -> None:
    rows = table("docs/anomalies.md", "What it finds")

    assert [row[0] for row in rows] == [f"`{module.KIND}`" for module in MODULES]


def test_the_page_names_every_action_and_setting() -> None:
    actions = {row[0].strip("`") for row in table("docs/anomalies.md", "Let it act by itself")}
    settings = {row[0].strip("`") for row in table("docs/anomalies.md", "Settings")}

    assert actions == set(ACTIONS)
    assert settings == {setting.name for setting in SECTIONS["Anomaly detection"]}


def test_the_page_names_every_field_of_an_activity_line() -> None:
    fields = [
        name
        for row in table("docs/anomalies.md", "What it reads")
        for name in re.findall(r"`(\w+)`", row[0])
    ]

    assert sorted(fields) == sorted({*FIELDS, "impersonator"} - {"timestamp", "type"})
