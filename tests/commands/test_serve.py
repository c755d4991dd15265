"""``serve``: all problems of the settings in one message, before gunicorn is imported."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.commands import clone, environment, poll, refused, run
from tests.support import servers


def test_every_problem_is_in_one_message_even_that_of_web_concurrency(tmp_path: Path) -> None:
    result = run(tmp_path, "serve", WEB_CONCURRENCY="many", PORT="x", CORS_ORIGIN="y")

    assert (result.returncode, result.stdout) == (1, "")
    first, *problems = result.stderr.splitlines()
    assert first == "The settings are not usable:"
    assert "  - WEB_CONCURRENCY: must be a whole number from 1 to 512" in problems
    assert {problem.split(":")[0] for problem in problems} == {
        *("  - CLERK_ISSUER", "  - CORS_ORIGIN", "  - DATABASE_URL"),
        *("  - PORT", "  - WEB_CONCURRENCY"),
    }


def test_it_refuses_a_folder_without_the_configuration_of_gunicorn(
    settings: dict[str, str], tmp_path: Path
) -> None:
    """gunicorn would run with its own defaults, such as another port and worker."""
    refused(
        run(tmp_path, "serve", **settings),
        f"Run it in the folder of FutureTracker: {tmp_path} has no gunicorn.conf.py.",
    )


def test_gunicorn_serves_in_the_same_process(settings: dict[str, str]) -> None:
    port = servers.free_port()
    with clone() as folder, (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "futuretracker", "serve"],
            cwd=folder,
            env=environment({**settings, "PORT": str(port), "WEB_CONCURRENCY": "1"}),
            stdout=output,
            stderr=output,
        )
        try:
            poll(lambda: _is_ready(port), process)
            command = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            assert b"gunicorn" in command
        finally:
            process.terminate()
            assert process.wait(60) == 0


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as response:
            return bool(json.load(response) == {"status": "ok"})
    except OSError:
        return False
