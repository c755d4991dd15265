"""The gunicorn worker of this service."""
