"""What this process is about to do: end, once it has answered what it has."""

from __future__ import annotations

from threading import Event

# Set when this process was told to stop: it answers what it has, and wants nothing new.
draining = Event()
