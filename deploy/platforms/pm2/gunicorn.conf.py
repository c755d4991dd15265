"""gunicorn's settings under PM2, which stops with SIGINT where others send SIGTERM."""

from __future__ import annotations

import os
import runpy
import signal
from pathlib import Path
from typing import Any

settings = runpy.run_path(str(Path(__file__).parents[3] / "gunicorn.conf.py"))
globals().update(settings)


def when_ready(server: Any) -> None:
    """Let a SIGINT do what SIGTERM does: gunicorn would drop the requests that are under way."""
    if "when_ready" in settings:
        settings["when_ready"](server)
    signal.signal(signal.SIGINT, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
