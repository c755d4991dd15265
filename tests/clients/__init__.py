import pytest

pytestmark = pytest.mark.apart
