"""The files for each provider: style, arguments, variables, and no secret."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.deploy.terraform.planned import NAMES, Files
from tests.deploy.terraform.program import terraform
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs("terraform")
MISTAKES = {
    "a required argument is missing": (
        'cloudflare_dns_record" "api" {\n  for_each = local.origins\n\n  zone_id = var.zone_id',
        'cloudflare_dns_record" "api" {\n  for_each = local.origins\n',
        'The argument "zone_id" is required',
    ),
    "an argument does not exist": (
        "  proxied = true",
        "  proxed = true",
        'An argument named "proxed" is not expected here',
    ),
    "a value has another type": ("  proxied = true", '  proxied = "maybe"', "a bool is required"),
    "a name is not declared": ("var.origin_ipv4", "var.origin", "undeclared input variable"),
}
SECRET = re.compile(
    r"(?i)(api_token|api_key|secret|password|private_key|access_key)\w*\s*=|BEGIN|AKIA[0-9A-Z]{16}"
)


def test_the_style_is_terraforms_own(files: Files) -> None:
    said = terraform(files.folder, "fmt", "-check", "-diff", "-recursive")

    assert said == (0, "")


def test_every_argument_is_one_that_its_resource_has(files: Files) -> None:
    said = files.run("validate", "-json")

    assert json.loads(said.text)["diagnostics"] == []
    assert said.status == 0


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(mistake: str, tmp_path: Path) -> None:
    old, new, sentence = MISTAKES[mistake]
    files = Files("cloudflare", tmp_path)
    files.replace("dns.tf", old, new)
    said = files.run("validate", "-no-color")

    assert said.status == 1
    assert sentence in said.words


def test_a_block_that_must_be_there_is_missed(tmp_path: Path) -> None:
    files = Files("aws", tmp_path)
    files.replace("web_acl.tf", "  default_action {\n    allow {}\n  }\n", "")

    assert 'At least 1 "default_action" blocks are required' in files.run("validate").words


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_is_described_and_checked(name: str) -> None:
    text = (ROOT / "deploy" / name / "variables.tf").read_text()
    variables = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)

    assert variables
    for variable, body in variables:
        assert 'description = "' in body, variable
        # Terraform itself checks that a bool is one.
        assert "validation {" in body or re.search(r"type\s+= bool", body), variable


@pytest.mark.parametrize("name", NAMES)
def test_no_file_holds_a_secret(name: str) -> None:
    found = [
        f"{file.name}: {match[0]}"
        for file in (ROOT / "deploy" / name).glob("*.tf*")
        for match in SECRET.finditer(file.read_text())
    ]

    assert found == []


def test_git_ignores_what_terraform_writes() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()

    assert {".terraform/", "*.tfstate", "*.tfstate.*", "*.tfvars"} <= set(ignored)
