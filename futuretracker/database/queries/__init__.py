"""One function, one statement, one round trip.

The first condition of every statement says for whom the connection speaks until it ends. It is an
uncorrelated sub-select without an operator around it: Postgres evaluates that once, in a One-Time
Filter above every scan, and before any other condition there, as it is the cheapest. So row level
security sees the user whatever plan is chosen; were it ever otherwise, there would be no rows. The
owner stands in the WHERE as well: two locks, and the index is used.

JSON is built by Postgres and passed on.
"""
