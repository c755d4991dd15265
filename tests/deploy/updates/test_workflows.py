"""The workflows follow GitHub's schema, may only read, and run what a change must pass."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.updates.advisories import advisories
from tests.support.servers import ROOT

FOLDER = ROOT / ".github/workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
CHECKER = Path(sys.executable).with_name("check-jsonschema")


def steps() -> list[dict[str, Any]]:
    workflows = [yaml.safe_load(path.read_text()) for path in WORKFLOWS]
    return [
        step for workflow in workflows for job in workflow["jobs"].values() for step in job["steps"]
    ]


def locks() -> list[Path]:
    return [
        path
        for folder in ("benchmarks", "clients", "tests")
        for path in (ROOT / folder).rglob("package-lock.json")
        if "node_modules" not in path.parts
    ]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("custom.github-workflows-require-timeout", WORKFLOWS),
        ("vendor.dependabot", [ROOT / ".github/dependabot.yml"]),
    ],
)
def test_every_file_follows_githubs_schema(schema: str, files: list[Path]) -> None:
    result = subprocess.run(
        [CHECKER, "--builtin-schema", schema, *files], check=False, capture_output=True, text=True
    )

    assert files
    assert result.returncode == 0, result.stdout


def test_every_action_is_pinned_to_a_commit() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]

    assert used
    assert [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []


def test_every_workflow_has_read_access_only() -> None:
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {"contents": "read"}
        assert not any("permissions" in job for job in workflow["jobs"].values())
    for step in steps():
        if "uses" in step:
            assert step["with"]["persist-credentials"] is False


def test_ci_runs_every_target_of_the_script_in_a_job_of_its_own() -> None:
    (job,) = yaml.safe_load((FOLDER / "ci.yml").read_text())["jobs"].values()
    matrix = job["strategy"]["matrix"]

    assert job["steps"][-1] == {"run": ".ci/run ${{ matrix.target }}"}
    assert matrix["target"] == in_script()
    assert matrix["include"] == [{"image": "python:3.14-bookworm", "target": "test"}]


def in_script() -> list[str]:
    """Return the targets that .ci/run makes by default."""
    [targets] = re.findall(r"(?m)^all=\((.+)\)$", (ROOT / ".ci/run").read_text())
    return str(targets).split()


@pytest.mark.needs("git")
@pytest.mark.parametrize("given", [[], ["lint"], ["lint", "test"]], ids=len)
def test_the_script_makes_the_targets_that_it_is_given(given: list[str], tmp_path: Path) -> None:
    made, result = run_script(tmp_path, given)

    assert result.returncode == 0, result.stderr
    assert sorted(made) == sorted(given or in_script())
    assert set(made) <= set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))


@pytest.mark.needs("git")
@pytest.mark.parametrize("failing", ["lint", "test", "test-stock", "test-pooler", "test-deploy"])
def test_the_script_fails_if_a_target_fails(failing: str, tmp_path: Path) -> None:
    made, result = run_script(tmp_path, [], failing)

    assert result.returncode != 0
    assert failing in made
    assert f"{failing} failed" in result.stdout


@pytest.mark.needs("git")
def test_the_script_wants_all_changes_to_be_committed(tmp_path: Path) -> None:
    made, result = run_script(tmp_path, [], file="new")

    assert result.returncode == 1
    assert "Commit your changes first" in result.stderr
    assert made == []


def run_script(
    folder: Path, given: list[str], failing: str = "none", *, file: str = ""
) -> tuple[list[str], subprocess.CompletedProcess[str]]:
    """Run the script in a repository of its own, with a ``make`` that records its targets."""
    (folder / "make").write_text(
        f'#!/bin/sh\n[ "$2" = REQUIRE=all ] || exit 0\necho "$1" >> {folder}/made\n'
        f'if [ "$1" = {failing} ]; then echo "$1 failed"; exit 1; fi\n'
    )
    (folder / "make").chmod(0o755)
    repository = folder / "repository"
    (repository / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/run", repository / ".ci")
    person = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    for command in (["init", "-q"], ["add", "."], [*person, "commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", "-C", repository, *command], check=True)
    if file:
        (repository / file).touch()
        subprocess.run(["git", "-C", repository, "add", file], check=True)
    result = subprocess.run(
        [repository / ".ci/run", *given],
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "TMPDIR": str(folder)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    recorded = folder / "made"
    return recorded.read_text().split() if recorded.exists() else [], result


@pytest.mark.needs("shellcheck")
def test_shellcheck_finds_nothing_in_the_script() -> None:
    result = subprocess.run(
        ["shellcheck", ROOT / ".ci/run"], check=False, capture_output=True, text=True
    )

    assert result.returncode == 0, result.stdout


def test_every_hook_before_a_commit_is_a_command_of_make_lint() -> None:
    [repo] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    lint = subprocess.run(
        ["make", "--dry-run", "lint"], cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert repo["repo"] == "local"
    assert {hook["entry"] for hook in repo["hooks"]} <= set(lint.stdout.splitlines())


def test_dependabot_checks_existing_folders() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    folders = {folder for update in updates for folder in update.get("directories", [])}

    assert {str(path.parent.relative_to(ROOT)) for path in locks()} == {
        folder.strip("/") for folder in folders
    }
    assert (ROOT / "deploy/docker/Dockerfile").is_file()
    assert [update["directory"] for update in updates if "directory" in update] == [
        "/",
        "/deploy/docker",
    ]


def test_the_audit_checks_every_lock_file() -> None:
    names = runpy.run_path(str(ROOT / "deploy/updates/audit.py"))["ALL"]

    assert {ROOT / name for name in names} == {
        *(path.parent for path in locks()),
        *ROOT.glob("requirements*.txt"),
    }


@pytest.mark.needs("node")
@pytest.mark.parametrize(
    ("known", "status", "warned", "exit_status"),
    [([], 200, False, 0), (["flask"], 200, False, 1), ([], 503, True, 0)],
    ids=["nothing is known", "a finding fails", "silence is a warning"],
)
def test_the_weekly_audit_distinguishes_a_finding_from_an_outage(
    known: list[str], status: int, exit_status: int, tmp_path: Path, *, warned: bool
) -> None:
    (step,) = [step for step in steps() if step.get("name") == "audit"]
    with advisories() as service:
        service.status = status
        for name in known:
            advisory = {"id": "PYSEC-2026-1", "published": "2026-01-01T00:00:00Z", "affected": []}
            service.known[name] = [advisory]
        env = {
            "OSV_URL": f"{service.url}/v1/query",
            "npm_config_registry": service.url,
            "npm_config_fetch_retries": "0",
            "npm_config_cache": str(tmp_path),
            "XDG_CACHE_HOME": str(tmp_path),
        }
        result = subprocess.run(
            ["/bin/bash", "-e", "-c", step["run"]],
            cwd=ROOT,
            env={**os.environ, **env},
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )

    assert result.returncode == exit_status
    assert ("::warning::" in result.stdout) is warned
