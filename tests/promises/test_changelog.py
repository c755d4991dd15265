"""Compare CHANGELOG.md with the version of the code."""

from __future__ import annotations

import datetime as dt
import re

from futuretracker import __version__
from tests.support.servers import ROOT

HEADINGS = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
RELEASE = re.compile(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)")


def test_the_newest_release_is_the_version_of_the_code() -> None:
    release = RELEASE.fullmatch(HEADINGS[1])

    assert HEADINGS[0] == "[Unreleased]"
    assert release
    assert release[1] == __version__


def test_releases_are_sorted_by_version_and_date() -> None:
    releases = [RELEASE.fullmatch(heading) for heading in HEADINGS[1:]]
    found = [
        (tuple(map(int, release[1].split("."))), dt.date.fromisoformat(release[2]))
        for release in releases
        if release
    ]

    assert len(found) == len(releases)
    assert found == sorted(found, reverse=True)
