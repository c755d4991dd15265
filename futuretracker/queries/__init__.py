"""One function, one statement, one round trip.

The first condition of every statement says for whom the connection speaks until the statement ends:
it is an uncorrelated sub-select, which Postgres evaluates in a One-Time Filter above every scan, so
row level security sees the user whatever plan is chosen. The owner stands in the WHERE as well: two
locks, and the index is used. JSON is built by Postgres, and passed on as bytes.
"""
