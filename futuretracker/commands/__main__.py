"""Entry point of ``bin/futuretracker``."""

import sys

from futuretracker.commands.start import start

sys.exit(start("futuretracker"))
