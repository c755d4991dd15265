"""Tests of the files in deploy/fail2ban with Debian's fail2ban and nftables."""

import pytest

pytestmark = pytest.mark.needs("fail2ban")
