"""Temporary folders, users' tokens and settings for a measurement."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.data import clerk_id
from benchmarks.wrk import ORIGIN
from futuretracker.commands.local.issuer import Issuer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PLENTY = "999999999 per 15 minutes"
LIMITS = ("GENERAL", "WRITE", "USER_GENERAL", "USER_WRITE")
HOUR = 3600  # seconds: longer than any measurement


@dataclass(frozen=True)
class Stage:
    """A folder for files and logs, a folder in memory for the store, and the issuer of tokens."""

    folder: Path
    memory: Path
    issuer: Issuer

    def settings(self, name: str, database_url: str) -> dict[str, str]:
        """Return the settings of one service: every guard is on; rate limits are never exceeded."""
        return {
            "DATABASE_URL": database_url,
            "STORE_URL": f"lmdb://{self.memory / name}",
            "CORS_ORIGIN": ORIGIN,
            **self.issuer.settings(),
            **{f"RATE_LIMIT_{limit}": PLENTY for limit in LIMITS},
        }

    def public_key(self) -> Path:
        """Return a file with the public key of the tokens."""
        file = self.folder / "issuer.pub"
        file.write_text(self.issuer.settings()["CLERK_JWT_PUBLIC_KEY"])
        return file

    def tokens(self, users: Iterable[int]) -> dict[int, str]:
        """Sign a token for each user."""
        return {n: self.issuer.token(clerk_id(n), ttl=HOUR, azp=ORIGIN) for n in users}


@contextmanager
def stage() -> Iterator[Stage]:
    """Create the folders and a key; delete them when the block ends."""
    with (
        tempfile.TemporaryDirectory(prefix="futuretracker-") as folder,
        tempfile.TemporaryDirectory(prefix="futuretracker-", dir="/dev/shm") as memory,
    ):
        # Postgres runs as another user if root starts it.
        Path(folder).chmod(0o755)
        yield Stage(Path(folder), Path(memory), Issuer(Path(folder, "issuer.pem")))
