"""Signals that stop a backup, a drill or a restore."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_received: list[Stopped] = []


class Stopped(KeyboardInterrupt):
    """The process received SIGINT or SIGTERM; ``status`` is the exit status that shells use."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = signal.Signals(number).name
        self.status = 128 + number


def stop_once() -> None:
    """Raise Stopped at the first SIGINT or SIGTERM, and ignore all later ones.

    A second Ctrl-C must not interrupt the clean-up.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)


def stopped() -> Stopped | None:
    """Return the exception that a signal has raised.

    The encryption library turns every exception of a callback into its own.
    """
    return _received[0] if _received else None


def finish() -> None:
    """Ignore the signals from now on: the work is done, and only quick steps are left."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _stop(received: int, _frame: FrameType | None) -> None:
    finish()
    _received.append(Stopped(received))
    raise _received[0]
