"""SQL: each function runs one statement in one round trip.

Each statement starts its conditions with ``owner.SET_USER``. It is an uncorrelated sub-select
without an operator around it. Postgres therefore evaluates it once, before any table is read, as a
One-Time Filter above every scan. So the row level security policies see the user under every plan;
if that ever failed, the statement would find no rows. Statements also name the owner in WHERE: that
is a second guard, and it lets Postgres use the index.

Postgres builds the JSON of a response; the service passes it on unchanged.
"""
