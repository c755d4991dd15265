"""The health check of the container: exit with 0 if the service is ready."""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException

TIMEOUT = 4  # seconds; shorter than the timeout of the health check


def main() -> str | None:
    """Return None if ``/readyz`` returns 200, else an error message."""
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "3001")), timeout=TIMEOUT)
    try:
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"The service does not respond: {error}"
    finally:
        connection.close()
    return None if status == 200 else f"The service is not ready: /readyz returned {status}"  # noqa: PLR2004 - OK


if __name__ == "__main__":
    sys.exit(main())
