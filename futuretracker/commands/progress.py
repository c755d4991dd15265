"""Show the progress of a long command on the terminal behind stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from futuretracker.commands.help import is_colored
from futuretracker.telemetry.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bars

    from futuretracker.telemetry.progress import Progress, Unit


@contextmanager
def progress() -> Iterator[Progress]:
    """Show one line until the block ends, and then remove it; without a terminal, show nothing."""
    if not sys.stderr.isatty():
        yield SILENT
        return
    # Only a terminal needs these, and they take 0.05 seconds.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    console = Console(stderr=True, color_system="auto" if is_colored(sys.stderr) else None)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[done]}"),
        TimeElapsedColumn(),
    )
    # rich would move the output from stdout to stderr, but stdout may be a file.
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bars:
        yield _Line(bars)


class _Line:
    """One line, which shows the current part."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._done = 0
        self._unit: Unit = "steps"

    def begin(self, what: str, unit: Unit = "steps", total: int | None = None) -> None:
        for task in self._bars.task_ids:
            self._bars.remove_task(task)
        self._done, self._unit = 0, unit
        self._bars.add_task(what, total=total, done="")

    def advance(self, amount: int) -> None:
        self._done += amount
        for task in self._bars.task_ids:
            self._bars.update(task, advance=amount, done=self._text())

    def _text(self) -> str:
        from rich.filesize import decimal  # noqa: PLC0415

        return decimal(self._done) if self._unit == "bytes" else f"{self._done:,} {self._unit}"
