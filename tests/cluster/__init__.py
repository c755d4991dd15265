"""Tests of three hosts with one nginx, one Postgres and one Valkey, each with its own address."""

import pytest

pytestmark = pytest.mark.needs("ip")
