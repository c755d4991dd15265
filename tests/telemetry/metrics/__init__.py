"""/metrics of the service under gunicorn."""
