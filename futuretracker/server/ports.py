"""Check that gunicorn can listen at an address, before anything else starts."""

from __future__ import annotations

import socket


class PortNotFree(Exception):
    """The service cannot listen at this address; the message says what to change."""


def check_port(host: str, port: int) -> None:
    """Raise PortNotFree if gunicorn cannot listen at this address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except socket.gaierror as error:
            raise PortNotFree(f"HOST must be an address of this machine, not '{host}'.") from error
        except OSError as error:
            raise PortNotFree(
                f"Port {port} on {host} is not free ({error.strerror}); choose one with PORT=."
            ) from error
