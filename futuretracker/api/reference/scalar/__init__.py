"""@scalar/api-reference, as it is published.

library.json has its version and checksum. ``tests/api/reference/update.py`` fetches another
version.
"""
