"""A test file for each detector: the incident, and the nearest honest behaviour."""
