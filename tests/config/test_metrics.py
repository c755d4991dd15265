"""Malformed settings of the metrics stop the start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.servers import ROOT


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("METRICS_TOKEN", "short", "must be 32 to 512 letters, digits and ._~+/=-"),
        ("METRICS_PORT", "3001", "must differ from PORT"),
        ("METRICS_PORT", "many", "must be a whole number from 0 to 65535"),
    ],
)
def test_a_malformed_setting_is_named_without_a_traceback(
    settings: dict[str, str], name: str, value: str, problem: str
) -> None:
    env = {"PATH": os.environ["PATH"], **settings, "PORT": "3001", name: value}
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 1
    assert f"{name}: {problem}" in done.stderr
    assert "Traceback" not in done.stderr
