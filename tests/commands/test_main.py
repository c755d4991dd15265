"""The command line: it explains itself, and refuses what it does not know."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker import __version__
from futuretracker.commands.catalogue import COMMANDS
from futuretracker.config import Config, migration_database_url
from futuretracker.config.audit import AuditSettings
from futuretracker.config.backups import BackupSettings, DrillSettings, RestoreSettings
from futuretracker.config.checks import CheckSettings
from futuretracker.config.environment import ConfigError, Environment
from tests.commands import WITHIN, environment, on_a_terminal, run
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCRIPT = servers.ROOT / "bin" / "futuretracker"


def test_help_lists_every_command_with_what_it_does(tmp_path: Path) -> None:
    result = run(tmp_path, "--help")

    assert (result.returncode, result.stderr) == (0, "")
    assert set(COMMANDS) == {
        *("apikey", "audit", "backup", "check", "completion", "dev", "drill", "erase"),
        *("maintenance", "migrate", "openapi", "prune", "restore", "revoke", "serve"),
        *("settings", "token"),
        *("waf-check", "waf-log", "watch", "findings", "export", "import"),
    }
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    for name, command in COMMANDS.items():
        assert lines.count([name, command.what]) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_does_nothing_then(tmp_path: Path, name: str) -> None:
    result = run(tmp_path, name, "--help")

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"usage: python -m futuretracker {name} ")
    assert COMMANDS[name].what[1:] in " ".join(result.stdout.split())
    for setting in COMMANDS[name].settings:
        assert f"\n  {setting} " in result.stdout
    assert "\nexit status:\n  0    success\n" in result.stdout
    assert f"\nexamples:\n  $ python -m futuretracker {name}" in result.stdout
    assert run(tmp_path, "help", name).stdout == result.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the settings that are read from now on, from an empty environment."""
    names: set[str] = set()
    original = Environment._read  # noqa: SLF001 - every method reads with it

    def recording(self: Environment, reader: Any, name: str, *args: Any, **options: Any) -> Any:
        names.add(name)
        return original(self, reader, name, *args, **options)

    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(Environment, "_read", recording)
    return names


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("audit", AuditSettings.from_env),
        ("backup", BackupSettings.from_env),
        ("drill", DrillSettings.from_env),
        ("migrate", migration_database_url),
        ("restore", RestoreSettings.from_env),
    ],
)
def test_the_help_names_exactly_the_settings_that_the_command_reads(
    name: str, settings: Callable[[str], object], read: set[str]
) -> None:
    with suppress(ConfigError):
        settings("/nonexistent")
    if name == "backup":
        os.environ["BACKUP_DATABASE_URL"] = "postgresql:///a"
        settings("/nonexistent")

    assert set(COMMANDS[name].settings) == read - (
        {"AUDIT_DIRECTORY"} if name != "audit" else set()
    )


def test_a_command_that_reads_the_settings_of_the_service_names_some_and_refers_to_all(
    read: set[str],
) -> None:
    with pytest.raises(ConfigError):
        Config.from_env("/nonexistent")
    CheckSettings.from_env("/nonexistent")

    for name in ("apikey", "check", "dev", "erase", "maintenance", "prune", "revoke"):
        assert set(COMMANDS[name].settings) <= read
        assert "see 'settings'" in COMMANDS[name].more


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("migrat", "there is no command 'migrat'; did you mean 'migrate'?"),
        ("deploy", "there is no command 'deploy'; see --help for all commands."),
    ],
)
def test_an_unknown_command_is_refused_with_the_nearest_one(
    tmp_path: Path, name: str, sentence: str
) -> None:
    for arguments in ([name], ["help", name]):
        result = run(tmp_path, *arguments)

        usage, *_, last = result.stderr.splitlines()
        assert (result.returncode, result.stdout) == (2, "")
        assert usage.startswith("usage: python -m futuretracker ")
        assert last == f"python -m futuretracker: error: {sentence}"


def test_without_a_command_it_prints_the_help(tmp_path: Path) -> None:
    result = run(tmp_path)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == run(tmp_path, "--help").stdout == run(tmp_path, "help").stdout


def test_the_version_is_printed(tmp_path: Path) -> None:
    result = run(tmp_path, "--version")

    assert (result.returncode, result.stdout) == (0, f"futuretracker {__version__}\n")


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_the_version_and_the_list_load_no_settings_and_no_command(
    tmp_path: Path, argument: str
) -> None:
    program = f"""
import sys
from futuretracker.commands import main
try:
    main(["{argument}"])
except SystemExit:
    pass
sys.exit(", ".join({{"marshmallow", "psycopg", "flask", "rich"}} & sys.modules.keys()) or 0)
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment({}),
        check=False,
        capture_output=True,
        text=True,
        timeout=WITHIN,
    )

    assert (result.returncode, result.stderr.strip()) == (0, "")


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--force", "unrecognized arguments: --force"),
        ("--plam", "unrecognized arguments: --plam; did you mean '--plan'?"),
    ],
)
def test_an_option_that_a_command_does_not_have_is_refused_with_the_nearest_one(
    tmp_path: Path, option: str, sentence: str
) -> None:
    result = run(tmp_path, "migrate", option)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.endswith(f"\npython -m futuretracker migrate: error: {sentence}\n")


@pytest.mark.parametrize("arguments", [["openapi"], ["--help"], ["settings"], ["settings", "-h"]])
def test_a_closed_pipe_ends_it_without_a_traceback(tmp_path: Path, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        result = subprocess.run(
            [sys.executable, "-m", "futuretracker", *arguments],
            cwd=tmp_path,
            env=environment({}),
            check=False,
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=WITHIN,
        )

    assert (result.returncode, result.stderr) == (141, b"")  # as a shell reports SIGPIPE


def test_headings_are_bold_on_a_terminal_only(tmp_path: Path) -> None:
    plain = run(tmp_path, "--help").stdout

    shown = on_a_terminal(tmp_path, "--help")
    assert "\033[1mbackups:\033[0m\n" in shown
    assert re.sub("\033\\[[01]m", "", shown) == plain
    assert on_a_terminal(tmp_path, "--help", settings={"NO_COLOR": "1"}) == plain
    assert on_a_terminal(tmp_path, "--help", settings={"TERM": "dumb"}) == plain


def test_the_script_runs_from_any_folder_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "futuretracker").symlink_to(SCRIPT)
    # This one must not be imported, although it is in the current folder.
    (tmp_path / "argparse.py").write_text("raise SystemExit('imported')")
    for arguments in (["--version"], ["settings", "--dotenv"], ["backup", "--help"]):
        result = subprocess.run(
            ["./futuretracker", *arguments],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
            timeout=WITHIN,
        )
        assert (result.returncode, result.stderr) == (0, "")

    assert result.stdout.startswith("usage: futuretracker backup ")


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["mig"], {"migrate"}),
        (["backup", "--k"], {"--keep"}),
        (["maintenance", "o"], {"on", "off"}),
        (["apikey", "re"], {"revoke"}),
        (["apikey", "create", "--sc"], {"--scope"}),
        (["apikey", "create", "--scope", "a"], {"account:read"}),
        (["check", "--fail-level", ""], {"warning", "error"}),
    ],
)
def test_bash_completes_commands_options_and_values(
    tmp_path: Path, words: list[str], completed: set[str]
) -> None:
    script = run(tmp_path, "completion", "bash").stdout
    (tmp_path / "script").write_text(script)
    line = " ".join(f"'{word}'" for word in ["futuretracker", *words])
    ask = f"""
source ./script
COMP_WORDS=({line}) COMP_CWORD={len(words)}
function=$(complete -p futuretracker | grep -o '_[^ ]*')
$function futuretracker "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
printf '%s\n' "${{COMPREPLY[@]}}"
"""
    result = subprocess.run(
        ["bash", "--norc", "-c", ask],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=WITHIN,
    )

    assert {word.strip() for word in result.stdout.split("\n") if word} == completed


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_with_every_command(tmp_path: Path, shell: str) -> None:
    result = run(tmp_path, "completion", shell)

    assert (result.returncode, result.stderr) == (0, "")
    assert all(name in result.stdout for name in COMMANDS)
