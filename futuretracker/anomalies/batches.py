"""Add the observations of many lines together, and write them as JSON for the inbox."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from futuretracker.anomalies.lines import Skipped, parse
from futuretracker.anomalies.observations import Observation, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from futuretracker.database.queries.watch_turns import Change

WINDOW: Final = 10  # seconds; later observations of a session stay apart
SIZE: Final = 1000  # observations in one row of the inbox
SPAN: Final = 900  # seconds that one row covers; hosts and changes are evaluated row by row
DELETE, ERASE = "DELETE_OPPORTUNITY", "ERASE_USER"
_EMPTY: Final = Observation(0, 0)
_DEFAULTS: Final[Mapping[str, object]] = {
    name: getattr(_EMPTY, name) for name in Observation._fields[2:]
}


class Batch:
    """The sum of some lines, and how many of them were skipped by reason."""

    def __init__(self) -> None:
        self._sums: dict[tuple[object, ...], Observation] = {}
        self._credentials = set[tuple[object, ...]]()
        self.skipped = Counter[str]()

    def add_lines(self, lines: Iterable[bytes]) -> None:
        """Add log lines."""
        for line in lines:
            try:
                read = parse(line)
            except Skipped as error:
                self.skipped[error.reason] += 1
                continue
            if read is not None:
                self._add(*read)

    def add_changes(self, changes: Iterable[Change]) -> None:
        """Add rows of the audit table."""
        for change in changes:
            if not change.actor.startswith("user_") or change.action == ERASE:
                continue  # by an operator, or by this program
            deletes = change.action == DELETE
            observation = Observation(
                at=change.at,
                until=change.at,
                user=change.actor,
                client=change.client,
                writes=int(not deletes),
                deletes=int(deletes),
                request_ids=(change.request_id,),
            )
            self._add(observation, "")

    def _add(self, new: Observation, credential: str) -> None:
        """Add an observation. A credential counts once for each address and window."""
        who = (new.user, new.session, new.client, new.address, new.agent, new.at // WINDOW)
        if credential:
            if (*who, credential) in self._credentials:
                new = new._replace(credentials=0)
            self._credentials.add((*who, credential))
        known = self._sums.get(who)
        self._sums[who] = new if known is None else merge(known, new)

    def observations(self) -> list[Observation]:
        """Return the sums, the oldest first."""
        return sorted(self._sums.values())

    def newest(self) -> float:
        """Return the time of the newest sum, or 0 if there is none."""
        return max((each.at for each in self._sums.values()), default=0.0)

    def rows(self) -> list[str]:
        """Return rows for the inbox."""
        rows: list[list[Observation]] = []
        for each in self.observations():
            if not rows or len(rows[-1]) == SIZE or each.at - rows[-1][0].at > SPAN:
                rows.append([])
            rows[-1].append(each)
        return [dump(row) for row in rows]


def dump(observations: Sequence[Observation]) -> str:
    """Return observations as a JSON array, without the fields that have their default."""
    return json.dumps([_fields(each) for each in observations])


def load(batches: Iterable[Iterable[Mapping[str, Any]]]) -> Iterator[Observation]:
    """Yield the observations of rows of the inbox. A newer release may have written them."""
    for batch in batches:
        for fields in batch:
            known = {name: value for name, value in fields.items() if name in Observation._fields}
            known |= {"at": float(fields["at"]), "until": float(fields["until"])}
            known["request_ids"] = tuple(known.get("request_ids", ()))
            yield Observation(**known)


def _fields(observation: Observation) -> dict[str, object]:
    return {
        name: value
        for name, value in zip(Observation._fields, observation, strict=True)
        if value != _DEFAULTS.get(name, ...)
    }
