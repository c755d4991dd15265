"""Plan a copy of the files of deploy/, possibly changed."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

from tests.deploy.terraform.program import terraform
from tests.deploy.terraform.provider import provider
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.deploy.terraform.program import Said

NAMES = ("aws", "cloudflare")
SITE = ROOT / "deploy/nginx/futuretracker-api.conf"


def admitted_by_nginx() -> int:
    """Return how many requests nginx admits from one address at once, with preflights."""
    found = re.findall(r"limit_req zone=futuretracker_requests burst=(\d+)", SITE.read_text())
    return max(map(int, found))


class Files:
    """A copy of the files, with the variables of the example."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder / name
        shutil.copytree(ROOT / "deploy" / name, self.folder)
        shutil.copy(self.folder / "terraform.tfvars.example", self.folder / "terraform.tfvars")

    def replace(self, file: str, old: str, new: str) -> None:
        """Change one text of a file."""
        text = (self.folder / file).read_text()
        assert old in text, f"{file} has no {old!r}"
        (self.folder / file).write_text(text.replace(old, new, 1))

    def run(self, *arguments: str) -> Said:
        """Run Terraform with a provider that knows the resources."""
        with provider(self.name, self.folder) as address:
            return terraform(self.folder, *arguments, TF_REATTACH_PROVIDERS=address)

    def plan(self, variables: Mapping[str, object] | None = None) -> Said:
        """Plan all resources, with these variables changed."""
        given = json.dumps(dict(variables or {}))
        (self.folder / "test.auto.tfvars.json").write_text(given)
        return self.run("plan", "-no-color", "-input=false", "-out=planned")

    def resources(self, variables: Mapping[str, object] | None = None) -> dict[str, dict[str, Any]]:
        """Return the arguments of each resource that would be made."""
        said = self.plan(variables)
        assert said.status == 0, said.text
        shown = json.loads(self.run("show", "-json", "planned").text)
        found = shown["planned_values"]["root_module"]["resources"]
        return {one["address"]: one["values"] for one in found}
