"""Fixtures: copies of the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.deploy.terraform.planned import NAMES, Files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=NAMES)
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """A copy of the files for each provider."""
    return Files(request.param, tmp_path)
