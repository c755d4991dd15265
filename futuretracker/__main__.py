"""Entry point of ``python -m futuretracker``."""

import sys

from futuretracker.commands import PROGRAM
from futuretracker.commands.start import start

sys.exit(start(PROGRAM))
