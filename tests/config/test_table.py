"""The table of settings, against the code that reads them and the documents printed from it."""

from __future__ import annotations

import re

import pytest

from futuretracker.config import documents
from futuretracker.config.table import SECTIONS, SETTINGS
from futuretracker.config.urls import split
from tests.conftest import config_from
from tests.support.servers import ROOT

READ = re.compile(r'env(?:\.\w+\(|,)\s*"([A-Z_]+)"')


def test_every_setting_that_is_read_is_in_the_table_and_no_other() -> None:
    files = (ROOT / "futuretracker" / "config").glob("*.py")
    names = {name for file in files for name in READ.findall(file.read_text())}

    assert names == set(SETTINGS)


def test_no_name_is_in_the_table_twice() -> None:
    assert len(SETTINGS) == sum(len(settings) for settings in SECTIONS.values())


def test_the_reference_is_printed_from_the_table() -> None:
    page = (ROOT / "docs" / "operations" / "settings.md").read_text()

    assert page == documents.markdown(), "run: python -m futuretracker settings --markdown"


def test_the_example_is_printed_from_the_table() -> None:
    example = (ROOT / ".env.example").read_text()

    assert example == documents.dotenv(), "run: python -m futuretracker settings --dotenv"


def test_the_defaults_of_the_table_are_valid(settings: dict[str, str]) -> None:
    defaults = {name: setting.default for name, setting in SETTINGS.items() if setting.default}
    needed = ("DATABASE_URL", "CLERK_JWT_PUBLIC_KEY", "CLERK_ISSUER")
    required = {name: settings[name] for name in needed}

    assert config_from({**defaults, **required}) == config_from(required)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_a_meaning_and_is_secret_if_its_name_says_so(name: str) -> None:
    assert SETTINGS[name].meaning.endswith(".")
    if re.search(r"DATABASE.*URL|REDIS|SECRET|_TOKEN$|IDENTITY", name):
        assert SETTINGS[name].secret


def test_the_example_lets_the_browser_extension_in(settings: dict[str, str]) -> None:
    """A deployment that replaces only the frontend's domain serves the extension as well."""
    for name in ("CORS_ORIGIN", "CLERK_AUTHORIZED_PARTIES"):
        listed = split(SETTINGS[name].example)
        assert "chrome-extension://ocadhiiiainnijhhimhmpagfdmfcnfmj" in listed
        frontend = ",".join(listed).replace("your-frontend-domain.com", "app.example.org")
        config = config_from({**settings, name: frontend})
        assert set(listed[1:]) < set(config.cors_origins) | config.clerk.authorized_parties
