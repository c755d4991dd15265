"""Entry point of ``python -m futuretracker``."""

import sys

try:
    from futuretracker.commands import main

    sys.exit(main())
except ModuleNotFoundError as error:
    sys.exit(f"The Python module '{error.name}' is missing; 'make setup' installs it.")
except KeyboardInterrupt:
    sys.exit(130)
