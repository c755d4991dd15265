"""A log file that grows while ``watch`` reads it, and what must come of it."""

from __future__ import annotations

import random
import threading
import time
from itertools import count
from typing import TYPE_CHECKING, Final

from tests.anomalies.watch import activity

if TYPE_CHECKING:
    from tests.anomalies.watch import Place

COUNTING: Final = "tests.anomalies.watch.counting"
SUM: Final = "select sum((profile::json ->> 'requests')::bigint) from watch_profiles"
READ: Final = "select sum(lines) from watch_sources"


class Writer(threading.Thread):
    """Appends lines to a log file, rotates it now and then, and adds up the requests."""

    def __init__(self, place: Place, lines: int, file: str = "service.log") -> None:
        super().__init__(daemon=True)
        self._place, self._lines, self._file = place, lines, file
        self.sent = 0
        self.may_end = threading.Event()

    def run(self) -> None:
        chance = random.Random(1)  # noqa: S311 - for a test
        for number in count():
            if number >= self._lines and self.may_end.is_set():
                return
            requests = chance.randint(1, 9)
            user = "user_" + chance.choice("abcd")
            self._place.write(activity(user, requests=requests), b"{broken\n", file=self._file)
            self.sent += requests
            if number % 700 == 699:
                log = self._place.folder / self._file
                log.rename(log.with_name(f"{self._file}.{number}"))
                log.touch()
            time.sleep(0.001)
