"""Change a unit temporarily."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.machine.machine import Machine

API = "futuretracker-api.service"


@contextmanager
def changed(machine: Machine, lines: str) -> Iterator[None]:
    """Apply these [Service] lines to the API; restart it before the block and after it."""
    file = machine.root / f"run/systemd/system/{API}.d/for-a-while.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"[Service]\n{lines}\n")
    machine.run("systemctl daemon-reload")
    try:
        yield
    finally:
        file.unlink()
        machine.run(f"systemctl daemon-reload; systemctl reset-failed {API}")
        machine.run(f"systemctl restart {API}")
