"""gunicorn's settings under PM2, which stops a process with SIGINT instead of SIGTERM."""

from __future__ import annotations

import os
import runpy
import signal
from pathlib import Path
from typing import Any

settings = runpy.run_path(str(Path(__file__).parents[3] / "gunicorn.conf.py"))
globals().update(settings)


def when_ready(server: Any) -> None:
    """Handle SIGINT like SIGTERM: on SIGINT gunicorn itself would drop the requests in progress."""
    if "when_ready" in settings:
        settings["when_ready"](server)
    signal.signal(signal.SIGINT, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
