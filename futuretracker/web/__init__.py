"""Flask as this service uses it, and the WSGI layers around it."""
