"""The recipe with curl and openssl in docs/api/signed-requests.md, against the real service."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ORIGIN
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

PAGE = ROOT / "docs/api/signed-requests.md"
BLOCK = re.compile(r"^```bash(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.needs("curl", "jq")
@pytest.mark.parametrize("algorithm", ["ed25519", "hmac-sha256"])
def test_the_recipe_sends_signed_requests(
    algorithm: str, serve: Callable[..., Service], issuer: Issuer, tmp_path: Path
) -> None:
    service = serve(FUTURETRACKER_ENV="development", patient=True)
    blocks = BLOCK.findall(PAGE.read_text())
    script = "".join(text for kind, text in blocks if kind in {"", algorithm})
    assert {kind for kind, _ in blocks} == {"", "ed25519", "hmac-sha256"}

    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=tmp_path,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "API": f"http://127.0.0.1:{service.port}/api/v1",
            "TOKEN": issuer.token(f"user_recipe{algorithm[:4]}", ttl=600, azp=ORIGIN),
        },
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.stdout, done.stderr) == ("Signed with curl\nSigned with curl\n", "")
    assert done.returncode == 0
