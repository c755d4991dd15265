"""Anomaly detection: notices unusual access, explains it, and proposes what to do.

The engine takes observations in order, keeps a profile of each user, session, API key and network,
and returns alarms. It reads no clock and no database: time is the time of the observation.
"""
