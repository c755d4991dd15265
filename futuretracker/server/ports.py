"""Whether an address can be listened at, asked before anything else is started."""

from __future__ import annotations

import socket


class PortNotFree(Exception):
    """The service cannot listen there; the message says what to change."""


def check_port(host: str, port: int) -> None:
    """Raise PortNotFree where gunicorn could not listen at this address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except socket.gaierror as error:
            message = f"HOST must be an address of this machine, not '{host}'."
            raise PortNotFree(message) from error
        except OSError as error:
            message = (
                f"Port {port} on {host} is not free ({error.strerror}); choose one with PORT=."
            )
            raise PortNotFree(message) from error
