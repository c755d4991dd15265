"""Run the development service with gunicorn; ``dev`` starts this."""

import sys

from futuretracker.commands.local.application import check
from futuretracker.commands.local.database import NotUsable, check_database
from futuretracker.commands.serve import replace_this_process
from futuretracker.config import Config
from futuretracker.config.environment import ConfigError

APPLICATION = "futuretracker.commands.local.wsgi:app"
READABLE = ("--logger-class", "futuretracker.commands.local.terminal.Logger")

if __name__ == "__main__":
    try:
        config = Config.from_env()
        check(config)
        check_database(config)
    except (ConfigError, NotUsable) as error:
        sys.exit(str(error))
    replace_this_process(APPLICATION, *(READABLE if "--readable" in sys.argv else ()))
