"""Attacks, each loud, moderate or stealthy, that happen at known times."""
