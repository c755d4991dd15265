"""Tell whether the service of this container is ready: what its health check runs."""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException

WITHIN = 4  # seconds; below the health check's own


def main() -> str | None:
    """Return nothing where ``/readyz`` answers 200, else a sentence."""
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "3001")), timeout=WITHIN)
    try:
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"The service does not answer: {error}"
    finally:
        connection.close()
    return None if status == 200 else f"The service is not ready: /readyz answers {status}"  # noqa: PLR2004 - OK


if __name__ == "__main__":
    sys.exit(main())
