"""Tests of deploy/platforms/pm2 with the real PM2."""

import pytest

pytestmark = pytest.mark.needs("node")
