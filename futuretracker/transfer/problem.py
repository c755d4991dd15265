"""What is wrong with a file as a whole."""

from __future__ import annotations


class Unreadable(Exception):
    """The file cannot be read. The message says why, and what to do."""


class TooMany(Exception):
    """The file has more rows than ``most``."""

    def __init__(self, most: int) -> None:
        super().__init__(f"The file has more than {most:,} rows. Split it into several files.")
        self.most = most
