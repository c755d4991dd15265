"""The WSGI application that ``dev`` serves."""

from futuretracker.commands.local.application import create_local_app
from futuretracker.config import Config

app = create_local_app(Config.from_env())
