"""Measure anomaly detection in simulated worlds of honest users and known incidents.

A world is a stream of observations over months, the same for the same seed. Its people, machines
and strangers behave as those of a small tracker do. ``incidents`` adds attacks at known times.
"""
