"""``export`` and ``import``: files of a user, by an operator."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from argparse import Namespace
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.commands import export
from futuretracker.transfer import workbook
from futuretracker.transfer.reading import read_file
from tests.commands import WITHIN, environment, on_a_terminal, run
from tests.database.queries.conftest import Owner

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    Connection = psycopg.Connection[Any]

TEXT = "title,company,mood\n=A,X,1\nB,Y,2\n"


@pytest.fixture
def a(role: Connection) -> Owner:
    return Owner(role)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(TEXT)
    return path


def titles(owner: Connection, user: Owner) -> list[str]:
    rows = owner.execute(
        "select title from opportunities where user_id = %s and title <> 'Mine'"
        " order by created_at",
        [user.id],
    )
    return [title for (title,) in rows]


def test_a_file_is_imported_and_exported(
    settings: dict[str, str], owner: Connection, a: Owner, tmp_path: Path, file: Path
) -> None:
    done = run(tmp_path, "import", "--user", a.clerk_id, str(file), **settings)

    said = "created: 2\nupdated: 0\nskipped: 0\nignored columns: mood\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
    assert titles(owner, a) == ["=A", "B"]
    entries = owner.execute(
        "select distinct actor, client, action, details ->> 'importedBy' from audit_log"
        " where user_id = %s and client = 'import'",
        [a.id],
    ).fetchall()
    assert entries == [("operator", "import", "IMPORT_OPPORTUNITY", "operator")]

    exported = tmp_path / "out.xlsx"
    options = ("--format", "xlsx", "--output", str(exported))
    done = run(tmp_path, "export", "--user", a.clerk_id, *options, **settings)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    rows = read_file(exported.read_bytes()).rows
    assert [row.fields["title"] for row in rows] == ["B", "=A", "Mine"]


def test_an_export_goes_to_standard_output(
    settings: dict[str, str], a: Owner, tmp_path: Path, file: Path
) -> None:
    run(tmp_path, "import", "--user", a.clerk_id, str(file), **settings)

    options = ("--format", "json", "--include", "rounds", "history")
    done = run(tmp_path, "export", "--user", a.clerk_id, *options, **settings)

    found = json.loads(done.stdout)
    assert [row["title"] for row in found] == ["B", "=A", "Mine"]
    assert [(len(row["rounds"]), len(row["history"])) for row in found[:2]] == [(0, 1)] * 2


def test_a_closed_pipe_ends_an_export(settings: dict[str, str], a: Owner, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "futuretracker", "export", "--user", a.clerk_id],
            cwd=tmp_path,
            env=environment(settings),
            check=False,
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=WITHIN,
        )

    assert (done.returncode, done.stderr) == (141, b"")


def test_a_dry_run_changes_nothing(
    settings: dict[str, str], owner: Connection, a: Owner, tmp_path: Path, file: Path
) -> None:
    done = run(
        tmp_path, "import", "--user", a.clerk_id, "--dry-run", "--json", str(file), **settings
    )

    assert json.loads(done.stdout)["created"] == 2
    assert titles(owner, a) == []


def test_a_terminal_shows_what_is_imported(
    settings: dict[str, str], a: Owner, tmp_path: Path, file: Path
) -> None:
    shown = on_a_terminal(tmp_path, "import", "--user", a.clerk_id, str(file), settings=settings)

    assert "Importing 2 lines" in shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title,status\nA,odd\n", "Nothing was imported.\nlines.2.status: Status must be one of"),
        ("company\nX\n", "Nothing was imported.\nfile: No column has the titles"),
        (None, "cannot be read: No such file or directory."),
        ("title,status\n" + "A,odd\n" * 25, "\nand 5 more"),
        ("title\n" + " " * 5 * 2**20, "is larger than 5 MiB."),
    ],
)
def test_a_bad_file_is_refused(  # noqa: PLR0917 - fixtures
    settings: dict[str, str], a: Owner, tmp_path: Path, file: Path, text: str | None, message: str
) -> None:
    file.unlink() if text is None else file.write_text(text)

    done = run(tmp_path, "import", "--user", a.clerk_id, str(file), **settings)

    assert done.returncode == 1
    assert message in done.stderr


def test_more_rows_than_a_sheet_has_are_refused_and_the_former_file_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    monkeypatch.setattr(export, "connection_of", lambda *_: nullcontext((None, None)))
    monkeypatch.setattr(export, "_pages", lambda *_: iter([b'[{"title": "A"}, {"title": "B"}]']))
    output = tmp_path / "out.xlsx"
    output.write_bytes(b"of yesterday")

    said = export.run(Namespace(user="user_a", format="xlsx", include=(), output=output))

    assert said == "A sheet ends at 1,048,576 rows. Use --format csv or json."
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"of yesterday"]


def test_an_export_replaces_a_file_and_keeps_its_mode_and_the_link_to_it(
    settings: dict[str, str], a: Owner, tmp_path: Path
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "out.csv").write_text("of yesterday")
    (folder / "out.csv").chmod(0o600)
    (tmp_path / "link").symlink_to(folder / "out.csv")

    done = run(tmp_path, "export", "--user", a.clerk_id, "--output", "link", **settings)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "link").is_symlink()
    [file] = folder.iterdir()
    assert "Mine" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_export_goes_to_a_device(settings: dict[str, str], a: Owner, tmp_path: Path) -> None:
    options = ("--output", "/dev/stdout")
    done = run(tmp_path, "export", "--user", a.clerk_id, *options, **settings)

    assert (done.returncode, done.stderr) == (0, "")
    assert "Mine" in done.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--include", "rounds"), "--include is possible with --format json only."),
        (("--output", "nowhere/out.csv"), "nowhere/out.csv cannot be written: No such file"),
    ],
    ids=["include", "output"],
)
def test_an_export_that_is_not_possible_is_refused(
    settings: dict[str, str], a: Owner, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    done = run(tmp_path, "export", "--user", a.clerk_id, *options, **settings)

    assert done.returncode == 1
    assert message in done.stderr


def test_what_is_there_already_is_updated_with_dates_as_they_are_given(
    settings: dict[str, str], owner: Connection, a: Owner, tmp_path: Path, file: Path
) -> None:
    run(tmp_path, "import", "--user", a.clerk_id, str(file), **settings)
    file.write_text("title,company,category,deadline\n=A,X,hackathon,03/04/2030\n")
    options = ("--duplicates", "update", "--dates", "day_first")

    done = run(tmp_path, "import", "--user", a.clerk_id, *options, str(file), **settings)

    assert (done.returncode, done.stderr) == (0, "")
    assert "created: 0\nupdated: 1\n" in done.stdout
    row = owner.execute(
        "select deadline::text from opportunities where user_id = %s and title = '=A'", [a.id]
    ).fetchone()
    assert row is not None
    assert row[0].startswith("2030-04-03")


@pytest.mark.parametrize("command", ["export", "import"])
def test_an_unknown_user_is_refused(
    settings: dict[str, str], tmp_path: Path, file: Path, command: str
) -> None:
    arguments = [str(file)] if command == "import" else []

    done = run(tmp_path, command, "--user", "user_nobody", *arguments, **settings)

    assert done.returncode == 1
    assert "There is no user user_nobody here." in done.stderr
