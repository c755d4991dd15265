"""Three hosts, one nginx, one Postgres, one Valkey, each with an address of its own."""
