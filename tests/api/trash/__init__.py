"""Tests of the trash: what is deleted can be restored."""

import pytest

pytestmark = pytest.mark.wire
