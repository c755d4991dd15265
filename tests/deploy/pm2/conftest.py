"""A PM2 with its own home folder, which is removed at the end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.started import wait_until_ready
from tests.support.node import install, node
from tests.support.servers import ROOT, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
ECOSYSTEM = ROOT / "deploy/platforms/pm2/ecosystem.config.cjs"
NAME = "futuretracker-api"


@dataclass
class Pm2:
    """``env`` is the environment of every command; ``asked`` lists the hosts that Node looks up."""

    env: dict[str, str]
    asked: Path

    @property
    def port(self) -> int:
        return int(self.env["PORT"])

    @property
    def home(self) -> Path:
        return Path(self.env["PM2_HOME"])

    def __call__(self, *arguments: str, **env: str) -> str:
        """Run a command and wait for its end."""
        command = str(HERE / "node_modules/.bin/pm2")
        result = node(HERE, command, *arguments, **{**self.env, **env})
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def process(self) -> dict[str, Any]:
        """Return PM2's description of the service."""
        (process,) = json.loads(self("jlist").splitlines()[-1])
        found: dict[str, Any] = process
        return found


@pytest.fixture
def pm2(settings: dict[str, str], tmp_path: Path) -> Iterator[Pm2]:
    """Yield a PM2 without processes; at the end stop it and everything that it started."""
    install(HERE)
    asked = tmp_path / "asked"
    asked.touch()
    pm2 = Pm2(
        {
            "PM2_HOME": str(tmp_path / "pm2"),
            "PM2_DISCRETE_MODE": "true",
            "PM2_DISABLE_VERSION_CHECK": "true",
            "NODE_OPTIONS": f"--require {HERE / 'lookups.cjs'}",
            "LOOKUPS": str(asked),
            "PORT": str(free_port()),
            **settings,
        },
        asked,
    )
    yield pm2
    pm2("kill")


@pytest.fixture
def running(pm2: Pm2) -> Pm2:
    """A PM2 that runs the service by the ecosystem file, ready."""
    pm2("start", str(ECOSYSTEM))
    assert wait_until_ready(pm2.port), pm2("logs", NAME, "--raw", "--nostream")
    return pm2
