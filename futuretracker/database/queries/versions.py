"""The versions of opportunities, and the conditions of requests that name them.

The trigger of migration 0025 sets the version at each change. A row that is older than the
migration has none, and counts as version 0.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Final, LiteralString, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION: Final[LiteralString] = "coalesce(version, 0)"
# The condition of a request, for one opportunity. Its parameters are those of ``Condition``.
HOLDS: Final[LiteralString] = f"""(
        (%(every_wanted)s or {VERSION} = any(%(wanted)s::bigint[]))
        and not (%(every_refused)s or {VERSION} = any(%(refused)s::bigint[]))
    )"""


class Versions(NamedTuple):
    """Versions that a request names. ``every`` stands for each version that exists."""

    every: bool = False
    listed: Sequence[str] = ()

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return self.every or bool(self.listed)


EVERY: Final = Versions(every=True)
NONE: Final = Versions()


class Condition(NamedTuple):
    """Which versions an opportunity must have, and must not have (``If-Match``, ``If-None-Match``).

    Without arguments it holds for every opportunity.
    """

    wanted: Versions = EVERY
    refused: Versions = NONE

    def parameters(self) -> Mapping[str, object]:
        """Return the parameters of HOLDS."""
        return {
            "every_wanted": self.wanted.every,
            "wanted": list(self.wanted.listed),
            "every_refused": self.refused.every,
            "refused": list(self.refused.listed),
        }


ALWAYS: Final = Condition()


class Tagged(NamedTuple):
    """A result with the version or the digest for its ETag.

    ``body`` is JSON; None if the client has it already.
    """

    tag: str
    body: bytes | None


def digest(text: LiteralString) -> LiteralString:
    """Return the SQL of a short digest of a text."""
    return f"left(encode(sha256(convert_to({text}, 'UTF8')), 'hex'), 32)"


@cache
def representation(sql: LiteralString) -> str:
    """Return what stands for a representation in an ETag: it changes with the SQL of the JSON."""
    return hashlib.sha256(sql.encode()).hexdigest()[:8]
