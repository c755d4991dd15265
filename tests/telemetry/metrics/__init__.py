"""/metrics, as real gunicorn serves it."""

import pytest

pytestmark = pytest.mark.wire
