"""Write log lines of type ACTIVITY to a file, so many a second; print how many were written.

    python -m benchmarks.log_lines FILE --rate 10000 --seconds 60 --users 100000

It is a process of its own, so that it does not delay the client that measures the latency.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TICK = 0.05  # seconds between two writes
LINE = json.dumps(
    {
        "timestamp": "TIME",
        "type": "ACTIVITY",
        "since": "TIME",
        "userId": "user_USER",
        "session": "sess_USER",
        "client": "web",
        "ip": "10.BLOCK.7",
        "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "requests": 7,
        "reads": 6,
        "missing": 0,
        "ids": 3,
        "pages": 2,
        "bytes": 12345,
        "requestIds": ["0f0e0d0c-0b0a-4908-8706-050403020100"] * 3,
    }
)


def lines(users: int, number: int, chance: random.Random) -> bytes:
    """Return so many lines about users that are chosen by chance, with the time of now."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    text = LINE.replace("TIME", now)
    found = []
    for _ in range(number):
        user = chance.randint(1, users)
        block = f"{user // 250 % 250}.{user % 250}"
        found.append(text.replace("USER", str(user)).replace("BLOCK", block))
    return ("\n".join(found) + "\n").encode() if found else b""


def ticks(seconds: float) -> Iterator[float]:
    """Yield the time since the start, once each tick, for so many seconds."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        yield passed
        time.sleep(max(0.0, TICK - (time.monotonic() - began - passed)))


def write(file: Path, rate: int, seconds: float, users: int) -> int:
    """Append the lines, and return how many."""
    written, chance = 0, random.Random(18)  # noqa: S311 - no secret
    with file.open("ab", buffering=0) as log:
        for passed in ticks(seconds):
            due = int((passed + TICK) * rate) - written
            log.write(lines(users, due, chance))
            written += due
    return written


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Write log lines of type ACTIVITY to a file.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--rate", type=int, required=True, help="lines a second")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--users", type=int, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    options = _arguments()
    print(write(options.file, options.rate, options.seconds, options.users))
