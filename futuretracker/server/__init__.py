"""gunicorn's workers for this service, and its hooks. docs/server.md explains them."""

from futuretracker.server.worker import Worker

__all__ = ["Worker"]
