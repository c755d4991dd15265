"""The platforms' files: the platforms know their keys, and the service knows their settings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deploy.platforms.files import PLATFORMS, all_platforms
from tests.support.servers import ROOT

FILES = {
    "heroku": PLATFORMS / "heroku/app.json",
    "railway": PLATFORMS / "railway/railway.json",
    "render": PLATFORMS / "render/render.yaml",
}
PLATFORMS_OWN = {"PYTHON_VERSION"}
GRACEFUL = 30  # seconds, as in gunicorn.conf.py


@pytest.mark.parametrize("name", FILES)
def test_each_file_follows_its_platforms_schema(name: str) -> None:
    schema = Path(__file__).parent / f"schemas/{name}.json"
    result = subprocess.run(
        [Path(sys.executable).with_name("check-jsonschema"), "--schemafile", schema, FILES[name]],
        check=False,
        capture_output=True,
        text=True,
    )

    assert result.returncode == 0, result.stdout


def test_every_setting_in_the_files_exists() -> None:
    render = yaml.safe_load(FILES["render"].read_text())["services"][0]["envVars"]
    commands = " ".join(platform.start for platform in all_platforms())
    named = {
        *json.loads(FILES["heroku"].read_text())["env"],
        *(given["key"] for given in render),
        *re.findall(r"\b([A-Z_]{4,})\b", commands),
    }

    example = (ROOT / ".env.example").read_text()

    assert named - PLATFORMS_OWN <= set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))


def test_no_file_contains_a_secret() -> None:
    render = yaml.safe_load(FILES["render"].read_text())["services"][0]["envVars"]
    heroku = json.loads(FILES["heroku"].read_text())["env"]

    assert {given["key"] for given in render if "value" in given} == {
        "PYTHON_VERSION",
        "HOST",
        "TRUSTED_PROXIES",
        "WEB_CONCURRENCY",
    }
    assert not [name for name, given in heroku.items() if "value" in given]


def test_every_platform_waits_longer_than_gunicorns_graceful_timeout() -> None:
    config = (ROOT / "gunicorn.conf.py").read_text()
    railway = json.loads(FILES["railway"].read_text())["deploy"]
    (render,) = yaml.safe_load(FILES["render"].read_text())["services"]
    (heroku,) = re.findall(r"--graceful-timeout (\d+)", (PLATFORMS / "heroku/Procfile").read_text())

    assert re.findall(r"^graceful_timeout = (\d+)", config, re.MULTILINE) == [str(GRACEFUL)]
    assert railway["drainingSeconds"] > GRACEFUL
    assert render["maxShutdownDelaySeconds"] > GRACEFUL
    assert int(heroku) < 30  # seconds that Heroku gives a dyno
