"""Run a command as a program, and turn each way in which it can end into an exit status."""

from __future__ import annotations

import os
import signal
import sys

from futuretracker.commands import main

INTERRUPTED = 128 + signal.SIGINT
PIPE_CLOSED = 128 + signal.SIGPIPE


def start(program: str) -> int | str:
    """Run the command that the program's arguments name; return an argument for ``sys.exit``."""
    try:
        try:
            return main(program=program)
        finally:
            if sys.stdout:
                sys.stdout.flush()  # while a closed pipe can still be handled
    except ModuleNotFoundError as error:
        return f"The Python module '{error.name}' is missing; 'make setup' installs it."
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader, such as head, has read enough. Python flushes stdout once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
