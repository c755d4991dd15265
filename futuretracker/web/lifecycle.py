"""The state of this process."""

from __future__ import annotations

from threading import Event

# Set when the worker is told to stop: it finishes its requests and accepts no new ones.
draining = Event()
