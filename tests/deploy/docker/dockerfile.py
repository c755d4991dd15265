"""Parse the Dockerfile: its instructions by stage, and the files that a COPY selects."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DOCKERFILE = ROOT / "deploy/docker/Dockerfile"


@dataclass
class Stage:
    """A stage of the Dockerfile; ``said`` holds the last occurrence of each instruction."""

    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def said(self, instruction: str) -> str:
        return [text for name, text in self.steps if name == instruction][-1]

    def env(self) -> dict[str, str]:
        pairs = [text for name, text in self.steps if name == "ENV"]
        return dict(pair.split("=", 1) for text in pairs for pair in text.split())

    def command(self) -> list[str]:
        return list(json.loads(self.said("CMD")))

    def health_check(self) -> list[str]:
        return list(json.loads(self.said("HEALTHCHECK").partition(" CMD ")[2]))


def stages() -> list[Stage]:
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found: list[Stage] = []
    for line in filter(None, joined.splitlines()):
        instruction, _, text = line.partition(" ")
        if instruction == "FROM":
            found.append(Stage(text.partition(" AS ")[2]))
        else:
            found[-1].steps.append((instruction, text))
    return found


def context() -> list[str]:
    """Return the files of the build context: all except those in .dockerignore."""
    unsent = {".git", ".venv", ".local"}
    tops = [entry for entry in ROOT.iterdir() if entry.name not in unsent]
    assert all(is_ignored(f"{name}/file") for name in unsent)
    files = (path for top in tops for path in (top.rglob("*") if top.is_dir() else [top]))
    names = (str(path.relative_to(ROOT)) for path in files if path.is_file())
    return [name for name in names if not is_ignored(name)]


def is_ignored(name: str) -> bool:
    """Apply .dockerignore: the last pattern that matches the path or a parent decides."""
    paths = [name, *map(str, PurePath(name).parents)]
    ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern = _pattern(line.removeprefix("!"))
            if any(pattern.fullmatch(path) for path in paths):
                ignored = not line.startswith("!")
    return ignored


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    parts = {"**/": "(?:.*/)?", "*": "[^/]*"}
    found = re.split(r"(\*\*/|\*)", glob)
    return re.compile("".join(parts.get(part, re.escape(part)) for part in found))


def copy(text: str, layer: Path) -> None:
    """Run a COPY from the build context into ``layer``, the folder that WORKDIR names."""
    *sources, target = text.split()
    files = context()
    for source in sources:
        if source in files:
            shutil.copy(ROOT / source, layer / target)
            continue
        inside = [name for name in files if name.startswith(f"{source}/")]
        assert inside, f"{source} is not in the context"
        for name in inside:
            place = layer / target / name.removeprefix(f"{source}/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place)
