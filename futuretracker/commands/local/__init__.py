"""The embedded Postgres and the token issuer of a development machine."""
