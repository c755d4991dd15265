"""Measure what the service still does when it gets more than it can do.

``goodput``: clients create rows, give up after a second and try anew. ``beside``: sixteen light
users read and write while one user with 50,000 rows has 64 expensive requests in flight.
``searches``: sixteen users read pages while one user has 300 of the worst searches in flight.
"""
