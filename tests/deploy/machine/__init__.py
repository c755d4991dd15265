"""Tests on a temporary machine with systemd, set up as docs/operations/deployment.md says."""

import pytest

pytestmark = pytest.mark.needs(
    "age", "curl", "git", "ip", "jq", "namespaces", "nginx", "root", "systemd"
)
