"""How far a long command is: what it does now, and how much of that is done."""

from __future__ import annotations

from typing import Literal, Protocol

Unit = Literal["bytes", "rows", "steps"]


class Progress(Protocol):
    """Something that shows the progress to a person."""

    def begin(self, what: str, unit: Unit = "steps", total: int | None = None) -> None:
        """Begin the next part; ``total`` is None if nobody knows how much it is."""

    def advance(self, amount: int) -> None:
        """Add to what is done of this part."""


class Silent:
    """Shows nothing, because no person watches."""

    def begin(self, what: str, unit: Unit = "steps", total: int | None = None) -> None:
        """Do nothing."""

    def advance(self, amount: int) -> None:
        """Do nothing."""


SILENT = Silent()
