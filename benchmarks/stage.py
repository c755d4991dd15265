"""What every measurement stands on: folders that go away again, users' tokens, settings."""

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
BUDGETS = ("GENERAL", "WRITE", "USER_GENERAL", "USER_WRITE")
HOUR = 3600  # seconds: no measurement takes so long


@dataclass(frozen=True)
class Stage:
    """A folder for files and logs, one in memory for what processes share, who signs tokens."""

    folder: Path
    memory: Path
    issuer: Issuer

    def settings(self, name: str, database_url: str) -> dict[str, str]:
        """Return the settings of one service: every guard on, budgets that nobody reaches."""
        return {
            "DATABASE_URL": database_url,
            "STORE_URL": f"lmdb://{self.memory / name}",
            "CORS_ORIGIN": ORIGIN,
            **self.issuer.settings(),
            **{f"RATE_LIMIT_{budget}": PLENTY for budget in BUDGETS},
        }

    def public_key(self) -> Path:
        """Return a file with the key that tokens are verified with."""
        file = self.folder / "issuer.pub"
        file.write_text(self.issuer.settings()["CLERK_JWT_PUBLIC_KEY"])
        return file

    def tokens(self, users: Iterable[int]) -> dict[int, str]:
        """Sign a token for each user."""
        return {n: self.issuer.token(clerk_id(n), ttl=HOUR, azp=ORIGIN) for n in users}


@contextmanager
def stage() -> Iterator[Stage]:
    """Make the folders and a key, and take them away again."""
    with (
        tempfile.TemporaryDirectory(prefix="futuretracker-") as folder,
        tempfile.TemporaryDirectory(prefix="futuretracker-", dir="/dev/shm") as memory,
    ):
        # Postgres runs as somebody else where it is started by root.
        Path(folder).chmod(0o755)
        yield Stage(Path(folder), Path(memory), Issuer(Path(folder, "issuer.pem")))
