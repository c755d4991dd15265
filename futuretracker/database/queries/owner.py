"""SQL conditions that set the user for whom a statement runs."""

from __future__ import annotations

from typing import Final, LiteralString

# Sets the user for the row level security policies until the transaction ends; always true.
SET_USER: Final[LiteralString] = (
    "(select set_config('app.user_id', %(user_id)s::text, true) is not null)"
)
SET_CLERK_USER: Final[LiteralString] = (
    "(select set_config('app.clerk_id', %(clerk_id)s::text, true) is not null)"
)
# Selects the user's rows. The policies do so too; this also lets Postgres use the index.
OWNED: Final[LiteralString] = f"{SET_USER} and user_id = %(user_id)s"
# Lets a statement delete opportunities for good, instead of moving them to the trash; always true.
PERMANENTLY: Final[LiteralString] = "(select set_config('app.permanently', 'on', true) is not null)"
