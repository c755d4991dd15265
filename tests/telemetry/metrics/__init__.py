"""/metrics, as real gunicorn serves it."""
