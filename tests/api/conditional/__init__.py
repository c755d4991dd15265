"""Conditional requests: ETag, If-None-Match, If-Match."""

import pytest

pytestmark = pytest.mark.wire
