"""Read the commands and the environment from each platform's file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

PLATFORMS = ROOT / "deploy/platforms"
CLIENT = "192.0.2.7"
FORGED = "203.0.113.9"


@dataclass(frozen=True)
class Platform:
    """``arrives`` is the X-Forwarded-For that arrives if the client itself sent FORGED."""

    name: str
    start: str
    release: str
    env: Mapping[str, str]
    arrives: str
    ready: str


def heroku() -> Platform:
    lines = (PLATFORMS / "heroku/Procfile").read_text().splitlines()
    processes = dict(line.split(": ", 1) for line in lines)
    # The Python buildpack derives it from the size of the dyno.
    env = {"WEB_CONCURRENCY": "2"}
    arrives = f"{FORGED}, {CLIENT}"
    return Platform("heroku", processes["web"], processes["release"], env, arrives, "/readyz")


def railway() -> Platform:
    deploy = json.loads((PLATFORMS / "railway/railway.json").read_text())["deploy"]
    (release,) = deploy["preDeployCommand"]
    arrives = f"{CLIENT}, 152.233.33.161"
    return Platform(
        "railway", deploy["startCommand"], release, {}, arrives, deploy["healthcheckPath"]
    )


def render() -> Platform:
    (service,) = yaml.safe_load((PLATFORMS / "render/render.yaml").read_text())["services"]
    env = {given["key"]: given["value"] for given in service["envVars"] if "value" in given}
    return Platform(
        "render",
        service["startCommand"],
        service["preDeployCommand"],
        env,
        f"{FORGED}, {CLIENT}, 104.22.17.40",
        service["healthCheckPath"],
    )


def all_platforms() -> list[Platform]:
    return [heroku(), railway(), render()]
