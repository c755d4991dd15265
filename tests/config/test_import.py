"""Reading settings is cheap: commands that need no database or web framework load none."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"flask", "werkzeug", "psycopg", "limits", "flask_limiter", "redis", "apispec", "pyrage"}


def test_importing_the_settings_loads_neither_flask_nor_psycopg() -> None:
    code = "import sys, futuretracker.config; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())

    assert "futuretracker.config.database" in loaded
    assert loaded & HEAVY == set()
    assert {name for name in loaded if name.startswith("futuretracker.")} == {
        name for name in loaded if name.startswith("futuretracker.config")
    }
