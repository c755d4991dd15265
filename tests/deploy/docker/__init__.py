"""deploy/docker/, as far as it goes without an engine."""
