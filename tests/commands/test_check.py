"""``check``: its output, its exit status, its duration, and no secrets."""

from __future__ import annotations

import json
import resource
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.checks.checklist import ITEMS
from tests.commands import clone, on_a_terminal, run
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRONTEND = "https://app.example.com"
SECRET = "hunter2"


@pytest.fixture
def folder() -> Iterator[Path]:
    with clone() as folder:
        yield folder


def items(document: dict[str, Any]) -> dict[str, str]:
    return {item["id"]: item["verdict"] for item in document["items"]}


def test_a_working_service_passes_with_one_line_for_each_check(
    settings: dict[str, str], folder: Path
) -> None:
    result = run(folder, "check", **{**settings, "CORS_ORIGIN": FRONTEND})
    *lines, summary = result.stdout.splitlines()

    assert (result.returncode, result.stderr) == (0, "")
    assert [line.split()[1] for line in lines] == [item.id for item in ITEMS if item.cheap]
    assert {line.split()[0] for line in lines} <= {"ok", "warning", "unknown"}
    assert summary.startswith("passed: ")
    assert summary.endswith(" (fail level: error)")


def test_the_checks_before_a_start_take_little_cpu(settings: dict[str, str], folder: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(folder, "check", **settings)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    # Not the duration, which depends on what else the machine does.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5


def test_an_error_fails_the_check_and_has_a_fix(settings: dict[str, str], folder: Path) -> None:
    result = run(folder, "check", **{**settings, "CORS_ORIGIN": "http://localhost:3000"})
    (line,) = [line for line in result.stdout.splitlines() if "cors-origin" in line]

    assert (result.returncode, result.stderr) == (1, "")
    assert line == (
        "error    cors-origin             CORS_ORIGIN holds http://localhost:3000."
        " Fix: Set CORS_ORIGIN to your frontend's origin, https://app.example.com."
    )


def test_unknown_counts_as_a_warning(settings: dict[str, str], folder: Path) -> None:
    url = f"postgresql://futuretracker_api:{SECRET}@127.0.0.1:{servers.free_port()}/postgres"
    changes = {**settings, "CORS_ORIGIN": FRONTEND, "DATABASE_REPLICA_URL": url}
    lenient = run(folder, "check", **changes)
    strict = run(folder, "check", "--fail-level", "warning", **changes)

    assert (lenient.returncode, strict.returncode) == (0, 1)
    assert "unknown  database-reachable" in lenient.stdout
    assert strict.stdout.splitlines()[-1].startswith("failed: ")


def test_one_cause_is_one_line_and_one_more_for_all_that_depends_on_it(folder: Path) -> None:
    result = run(folder, "check", CORS_ORIGIN=FRONTEND)
    lines = result.stdout.splitlines()

    assert (result.returncode, result.stderr) == (1, "")
    assert [line.split()[0] for line in lines] == ["error", "skipped", "ok", "ok", "failed:"]
    ids = [item.id for item in ITEMS if item.cheap]
    rest = [i for i in ids if i not in result.stdout.replace(lines[1], "")]
    assert lines[1] == (
        f"skipped  {len(rest)} checks                because of environment-complete:"
        f" {', '.join(rest)}."
    )
    document = json.loads(run(folder, "check", "--json", CORS_ORIGIN=FRONTEND).stdout)
    causes = {item["id"]: item["cause"] for item in document["items"] if item["cause"]}
    assert causes == dict.fromkeys(rest, "environment-complete")
    assert document["counts"]["skipped"] == len(rest)


def test_a_terminal_gets_colors_and_lines_of_its_width(folder: Path) -> None:
    shown = on_a_terminal(folder, "check", columns=70, status=1)
    plain = on_a_terminal(folder, "check", columns=70, status=1, settings={"NO_COLOR": "1"})

    assert "\033[1;31merror" in shown
    assert "\033[" not in plain
    assert max(len(line) for line in plain.splitlines()) <= 70
    words = " ".join(plain.split())
    assert "docs/operations/settings.md describes each." in words
    assert "because of environment-complete: " in words


def test_json_is_one_object_with_every_item(settings: dict[str, str], folder: Path) -> None:
    result = run(folder, "check", "--deploy", "--json", **settings)
    document = json.loads(result.stdout)

    assert (result.returncode, result.stderr) == (1, "")
    assert set(document) == {"passed", "deploy", "failLevel", "counts", "items"}
    assert (document["passed"], document["deploy"], document["failLevel"]) == (
        False,
        True,
        "warning",
    )
    assert list(items(document)) == [item.id for item in ITEMS]
    assert set(document["counts"]) == {"ok", "warning", "error", "unknown", "skipped"}
    assert sum(document["counts"].values()) == len(ITEMS)
    for item in document["items"]:
        assert set(item) == {"id", "title", "verdict", "found", "remedy", "cause"}
        assert "\n" not in item["found"] + item["remedy"]


def test_a_broken_deployment_is_reported_without_tracebacks_and_secrets(
    folder: Path,
) -> None:
    """Everything that may hold a secret is set, and nothing of it works."""
    port = servers.free_port()
    (folder / ".env").write_text(f"SUPABASE_SERVICE_ROLE_KEY={SECRET}\n")
    (folder / ".env").chmod(0o644)
    (folder / "token").write_text(f"{SECRET}\n")
    dead = {
        "DATABASE_URL": f"postgresql://a:{SECRET}@127.0.0.1:{port}/a",
        "DATABASE_REPLICA_URL": f"postgresql://a:{SECRET}@127.0.0.1:{port}/a",
        "MIGRATION_DATABASE_URL": f"postgresql://a:{SECRET}@127.0.0.1:{port}/a",
        "REDIS_URL": f"redis://:{SECRET}@127.0.0.1:{port}",
        "CLERK_SECRET_KEY": f"sk_test_{SECRET}",
        "CLERK_ISSUER": "https://clerk.example.com",
        "CLERK_API_URL": f"https://127.0.0.1:{port}",
        "METRICS_TOKEN": SECRET,
        "METRICS_PORT": str(port),
        "CHECK_TOKEN_FILE": str(folder / "token"),
        "PUBLIC_URL": f"https://127.0.0.1:{port}",
        "BACKUP_DIRECTORY": str(folder),
    }
    for form in ([], ["--json"]):
        result = run(folder, "check", "--deploy", *form, **dead)

        assert (result.returncode, result.stderr) == (1, "")
        assert SECRET not in result.stdout
        assert "The check itself failed" not in result.stdout
        assert "Traceback" not in result.stdout


def test_a_dotenv_file_that_is_not_text_is_an_error(folder: Path) -> None:
    (folder / ".env").write_bytes(b"\xff\xfe")
    result = run(folder, "check")

    assert (result.returncode, result.stderr) == (1, "")
    assert "environment-complete    .env cannot be read as UTF-8 text." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--fail-level", "unknown"), "argument --fail-level: invalid choice: 'unknown' (choose "),
        (("--quick",), "unrecognized arguments: --quick"),
        (("database-role",), "unrecognized arguments: database-role"),
    ],
)
def test_wrong_arguments_are_explained_in_one_sentence(
    folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    result = run(folder, "check", *arguments)

    assert (result.returncode, result.stdout) == (2, "")
    last = result.stderr.splitlines()[-1]
    assert ": error: " in last
    assert last.partition(": error: ")[2].startswith(sentence)
