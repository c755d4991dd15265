"""The condition with which each statement says for which user it runs."""

from __future__ import annotations

from typing import Final, LiteralString

# Sets the user for the row level security policies until the transaction ends; always true.
SET_USER: Final[LiteralString] = (
    "(select set_config('app.user_id', %(user_id)s::text, true) is not null)"
)
SET_CLERK_USER: Final[LiteralString] = (
    "(select set_config('app.clerk_id', %(clerk_id)s::text, true) is not null)"
)
# The rows of the user: once by policy, once by this condition, which also lets the index be used.
OWNED: Final[LiteralString] = f"{SET_USER} and user_id = %(user_id)s"
