"""Idempotency-Key: a change that is sent again is made once."""

import pytest

pytestmark = pytest.mark.wire
