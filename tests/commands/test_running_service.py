"""Commands use the service that ``dev`` runs in the folder, and no other one by mistake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.commands import clone, poll, run, starting
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.commands import Dev

SAID = "Using the service that 'dev' runs in this folder.\n"


@pytest.fixture(scope="module")
def running() -> Iterator[Dev]:
    with clone() as folder, starting(folder) as started:
        poll(lambda: "development mode" in started.output.read_text(), started.process)
        yield started


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["migrate", "--plan"],
        ["maintenance", "status"],
        ["audit", "measure"],
        ["revoke", "--user", "user_bob"],
        ["erase", "--user", "user_bob"],
        ["prune"],
        ["findings", "list"],
    ],
)
def test_a_command_needs_no_settings(running: Dev, arguments: list[str]) -> None:
    result = run(running.folder, *arguments)

    assert (result.returncode, result.stderr) == (0, SAID), result.stdout


def test_a_file_is_imported_and_exported(running: Dev) -> None:
    token = run(running.folder, "token", "--user", "user_fay").stdout.strip()
    assert running.ask("GET", "/api/v1/me", token=token).status == 200
    (running.folder / "mine.csv").write_text("title\nA\n")

    assert run(running.folder, "import", "--user", "user_fay", "mine.csv").returncode == 0
    exported = run(running.folder, "export", "--user", "user_fay")
    assert [line.split(",")[1] for line in exported.stdout.splitlines()] == ["title", "A"]


def test_unusual_access_is_found(running: Dev) -> None:
    token = run(running.folder, "token", "--user", "user_erin").stdout.strip()
    for _ in range(20):
        path = f"/api/v1/opportunities/{uuid4()}"
        assert running.ask("GET", path, token=token).status == 404
    watch = ("watch", "--once", "--file", str(running.output))
    # The service writes the line ten seconds after the first of the requests.
    poll(lambda: '"ANOMALY"' in run(running.folder, *watch).stdout, running.process)

    assert "id-enumeration" in run(running.folder, "findings", "list").stdout
    assert (running.folder / ".local" / "anomalies" / "anomalies.json").exists()


def test_a_backup_is_made_and_restored_in_a_drill(running: Dev) -> None:
    made, drilled = run(running.folder, "backup"), run(running.folder, "drill")

    assert (made.returncode, made.stderr) == (drilled.returncode, drilled.stderr) == (0, SAID)
    assert json.loads(drilled.stdout)["file"] == json.loads(made.stdout)["file"]
    backups = running.folder / ".local" / "backups"
    assert backups.stat().st_mode & 0o777 == 0o700
    assert (backups / json.loads(made.stdout)["file"]).exists()


def test_a_revoked_user_is_refused(running: Dev) -> None:
    token = run(running.folder, "token", "--user", "user_carol").stdout.strip()
    path = "/api/v1/me"
    assert running.ask("GET", path, token=token).status == 200
    run(running.folder, "revoke", "--user", "user_carol")

    # Every process reads new revocations every two seconds.
    poll(lambda: running.ask("GET", path, token=token).status == 401)


def test_an_api_key_is_made_for_the_running_service(running: Dev) -> None:
    token = run(running.folder, "token", "--user", "user_dave").stdout.strip()
    assert running.ask("GET", "/api/v1/me", token=token).status == 200
    new = ("--user", "user_dave", "--name", "Export", "--scope", "opportunities:read")
    made = run(running.folder, "apikey", "create", *new)

    assert (made.returncode, made.stderr) == (0, SAID)
    key = made.stdout.split()[-1]
    assert key.startswith("ft_dev_")
    assert running.ask("GET", "/api/v1/opportunities", token=key).status == 200


@pytest.mark.parametrize(
    "chosen",
    [
        {"MIGRATION_DATABASE_URL": "postgresql://postgres:hunter2@127.0.0.1:1/other"},
        {"DATABASE_URL": "postgresql://futuretracker_api:hunter2@127.0.0.1:1/other"},
        {"WATCH_DATABASE_URL": "postgresql://futuretracker_watch:hunter2@127.0.0.1:1/other"},
        {"FUTURETRACKER_ENV": "production"},
    ],
)
def test_settings_of_another_service_are_not_mixed_with_those_of_dev(
    running: Dev, chosen: dict[str, str]
) -> None:
    command = ("findings", "list") if "WATCH_DATABASE_URL" in chosen else ("backup",)
    result = run(running.folder, *command, **chosen)

    assert result.returncode == 1
    assert SAID not in result.stderr
    assert running.folder.name not in result.stderr


def test_without_a_running_dev_there_are_no_settings_and_no_folder() -> None:
    with clone() as folder:
        (folder / ".local").mkdir()
        result = run(folder, "backup")

        assert result.returncode == 1
        assert result.stderr.startswith("The settings are not usable:\n")
        assert list((folder / ".local").iterdir()) == []


def test_one_given_setting_wins_over_that_of_dev(running: Dev) -> None:
    result = run(
        running.folder, "check", "--json", REDIS_URL=f"redis://127.0.0.1:{servers.free_port()}"
    )

    (item,) = [i for i in json.loads(result.stdout)["items"] if i["id"] == "store-usable"]
    assert item["found"].startswith("The store behind REDIS_URL does not respond")
