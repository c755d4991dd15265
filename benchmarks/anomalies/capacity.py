"""Measure the profiles: their size, and the memory and the speed with 100,000 users.

python -m benchmarks.anomalies.capacity --users 100000
"""

from __future__ import annotations

import argparse
import resource
import time
from itertools import islice
from statistics import mean
from typing import TYPE_CHECKING

from benchmarks.anomalies.evaluation import evaluate
from benchmarks.anomalies.seeds import TRAINING
from benchmarks.anomalies.world import Size, World
from futuretracker.anomalies.engine import Engine
from futuretracker.anomalies.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from futuretracker.anomalies.observations import Observation

BATCH = 1000  # observations


def measure(users: int, size: Size) -> Iterator[str]:
    """Fill profiles with the months of a world, multiply them, and go on in batches."""
    before = _peak()
    _, profiles = evaluate(World(TRAINING[0], size), Engine())
    stored = {name: profile.dump() for name, profile in profiles.items()}
    sizes = [len(text.encode()) for name, text in stored.items() if name.startswith("user:")]
    yield f"A user's profile has {mean(sizes):.0f} bytes on average, and {max(sizes)} at most."
    rows = multiply(stored, users)
    seen = list(islice(_observations(users, size), 20 * BATCH))
    loaded = _peak()
    began = time.process_time()
    work(seen, rows)
    rate = len(seen) / (time.process_time() - began)
    yield (
        f"With {users:,} users, a process evaluates {rate:,.0f} observations a second of CPU time,"
        f" including reading and writing the profiles, without Postgres."
    )
    yield (
        f"A batch of {BATCH:,} observations needs {_peak() - loaded} MiB of memory. All profiles"
        f" together have {loaded - before} MiB. They stay in Postgres."
    )


def multiply(stored: dict[str, str], users: int) -> dict[str, str]:
    """Return the profiles of this many users, each a copy of one of the world's."""
    own = [text for name, text in stored.items() if name.startswith("user:")]
    rest = {name: text for name, text in stored.items() if not name.startswith("user:")}
    # Each row is a string of its own, as rows of a table are.
    return rest | {f"user:user_{n:05}": f"{own[n % len(own)]} " for n in range(users)}


def work(seen: Sequence[Observation], rows: dict[str, str]) -> None:
    """Load the profiles of a batch, observe, and dump them again, as the leader does."""
    engine = Engine()
    for start in range(0, len(seen), BATCH):
        batch = seen[start : start + BATCH]
        names = {name for observation in batch for name in engine.subjects(observation)}
        profiles = {name: Profile.load(rows[name]) for name in names if name in rows}
        for observation in batch:
            engine.observe(observation, profiles)
        rows.update({name: profile.dump() for name, profile in profiles.items()})


def _observations(users: int, size: Size) -> Iterator[Observation]:
    """Yield a world's observations, spread over all users."""
    for number, observation in enumerate(World(TRAINING[0], size).observations()):
        if observation.user:
            user = int(observation.user.removeprefix("user_"))
            other = (user + size.users * number) % users
            yield observation._replace(user=f"user_{other:05}")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the profiles of anomaly detection.")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--simulated", type=int, default=Size.users, help="users of the world")
    parser.add_argument("--days", type=int, default=Size.days)
    options = parser.parse_args()
    print("\n".join(measure(options.users, Size(options.simulated, options.days))))
