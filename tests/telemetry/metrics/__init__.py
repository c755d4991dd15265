"""/metrics of the service under gunicorn."""

import pytest

pytestmark = pytest.mark.wire
