import pytest

pytestmark = pytest.mark.wire
