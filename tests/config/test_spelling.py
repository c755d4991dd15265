"""A misspelt name is named with the setting that was meant; names of other tools are left alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from futuretracker.config import Config
from futuretracker.config.environment import ConfigError
from tests.conftest import config_from

if TYPE_CHECKING:
    from pathlib import Path


def problems(folder: Path, dotenv: str, settings: dict[str, str]) -> list[str]:
    """Return what is wrong with these settings and this ``.env`` together."""
    file = folder / ".env"
    file.write_text(dotenv)
    with mock.patch.dict(os.environ, settings, clear=True):
        try:
            Config.from_env(str(file))
        except ConfigError as error:
            return [problem.replace(str(file), ".env") for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("DATABSE_URL", "DATABASE_URL"),
        ("CLERK_ISUER", "CLERK_ISSUER"),
        ("CORS_ORIGINS", "CORS_ORIGIN"),
        ("TRUSTED_PROXY", "TRUSTED_PROXIES"),
        ("METRIC_PORT", "METRICS_PORT"),
        ("THREAD", "THREADS"),
        ("DATABSE_URL_FILE", "DATABASE_URL_FILE"),
        ("RATE_LIMIT_USER_GENRAL", "RATE_LIMIT_USER_GENERAL"),
    ],
)
def test_a_misspelt_name_in_dotenv_is_a_problem(
    settings: dict[str, str], tmp_path: Path, name: str, right: str
) -> None:
    settings.pop(right, None)
    found = problems(tmp_path, f"{name}=x\n", settings)

    assert f"{name} in .env is not a setting: did you mean {right}?" in found


def test_a_misspelt_name_is_told_even_if_the_right_one_is_set(
    settings: dict[str, str], tmp_path: Path
) -> None:
    assert problems(tmp_path, "DATABSE_URL=x\n", settings) == [
        "DATABSE_URL in .env is not a setting: did you mean DATABASE_URL?"
    ]


@pytest.mark.parametrize(
    "name",
    [
        "PGHOST",
        "PGPORT",
        "POSTGRES_DB",
        "POSTGRES_USER",
        "COMPOSE_PROJECT_NAME",
        "VITE_CLERK_PUBLISHABLE_KEY",
        "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY",
        "DATABASE_USER",
        "DATABASE_URL_UNPOOLED",
        "SUPABASE_URL",
        "SUPABASE_SERVICE_ROLE_KEY",
        "NODE_ENV",
        "REDIS_TLS_URL",
        "PATH",
        "BACKUP_AGE_IDENTITY_FILE",
    ],
)
def test_names_of_other_tools_and_files_of_settings_may_be_in_dotenv(
    settings: dict[str, str], tmp_path: Path, name: str
) -> None:
    assert problems(tmp_path, f"{name}=x\n", settings) == []


def test_a_misspelt_name_in_the_environment_is_told_where_the_right_one_is_missing(
    settings: dict[str, str],
) -> None:
    url = settings["DATABASE_URL"]

    config_from({**settings, "DATABSE_URL": "x"})
    del settings["DATABASE_URL"]
    with pytest.raises(ConfigError) as caught:
        config_from({**settings, "DATABSE_URL": url})
    [problem] = caught.value.problems
    assert problem.startswith("DATABASE_URL: missing; ")
    assert "the environment has DATABSE_URL, which is not a setting" in problem
