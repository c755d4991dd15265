"""The WSGI application that gunicorn serves."""

from futuretracker.app import create_app
from futuretracker.config import Config

app = create_app(Config.from_env())
