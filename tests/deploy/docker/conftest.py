"""The image: built once by the steps of the Dockerfile, and started as an engine would."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.deploy.docker import root
from tests.deploy.docker.dockerfile import Stage, copy, stages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

CONFINED = root.possible()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say so if this machine does not allow namespaces."""
    if not CONFINED:
        terminalreporter.write_line(
            "Docker: no root or no mount namespaces here, so the image's commands ran as this user"
            " and on a root that can be written."
        )


@dataclass
class Image:
    """``layers`` holds the folders that the image adds, by their paths inside."""

    stage: Stage
    folder: Path
    layers: dict[str, Path] = field(default_factory=dict)

    @property
    def workdir(self) -> str:
        return self.stage.said("WORKDIR")

    def build(self, packages: Stage) -> None:
        """Run the steps of both stages."""
        for name, text in packages.steps:
            if name == "COPY":
                copy(text, self._layer(packages.said("WORKDIR")))
            if name == "RUN":
                self._run(packages, text)
        del self.layers[packages.said("WORKDIR")]
        for name, text in self.stage.steps:
            if name == "COPY" and not text.startswith("--from=packages "):
                copy(text, self._layer(self.workdir))

    def _run(self, packages: Stage, text: str) -> None:
        for kept in [text for name, text in self.stage.steps if name == "COPY"]:
            if kept.startswith("--from=packages "):
                self._layer(kept.split()[-1])
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": os.environ["HOME"], **pip}
        command = self._placed(["/bin/sh", "-c", text], env, packages.said("WORKDIR"))
        subprocess.run(command, check=True, timeout=600)

    def start(
        self, command: Iterable[str], *, sockets: Mapping[str, Path] | None = None, **env: str
    ) -> list[str]:
        """Return a function that runs a command in the image as the Dockerfile's user."""
        given = {**self.stage.env(), **env}
        user = self.stage.said("USER")
        return self._placed(command, given, self.workdir, user=user, sockets=sockets)

    def _placed(
        self,
        command: Iterable[str],
        env: Mapping[str, str],
        workdir: str,
        *,
        user: str | None = None,
        sockets: Mapping[str, Path] | None = None,
    ) -> list[str]:
        if not CONFINED:
            return root.beside(
                command, env=env, workdir=workdir, layers=self.layers, sockets=sockets
            )
        empty = self.folder / "root"
        empty.mkdir(exist_ok=True)
        return root.inside(
            empty,
            command,
            env=env,
            workdir=workdir,
            layers=self.layers,
            sockets=sockets,
            user=user,
            shm="320m",
        )

    def _layer(self, place: str) -> Path:
        layer = self.folder / place.strip("/").replace("/", "-")
        layer.mkdir(mode=0o755, exist_ok=True)
        self.layers[place] = layer
        return layer


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Build the Dockerfile's last stage."""
    packages, final = stages()
    image = Image(final, tmp_path_factory.mktemp("image"))
    image.build(packages)
    return image
