"""FutureTracker: a REST API for tracking internship and hackathon applications."""

__version__ = "1.0.0"
