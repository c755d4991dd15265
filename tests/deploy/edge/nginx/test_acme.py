"""The challenge of the certificate authority is served over plain HTTP, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.deploy.edge.visitor import Edge

CHALLENGES = "/.well-known/acme-challenge/"


def test_a_challenge_is_served_over_plain_http(edge: Edge) -> None:
    folder = edge.log.parent / "letsencrypt" / CHALLENGES[1:]
    (folder / "abc").write_text("abc.def")
    response = edge.request("GET", f"{CHALLENGES}abc", tls=False)

    assert (response.status, response.body) == (200, b"abc.def")


def test_any_other_path_is_not_found(edge: Edge) -> None:
    for path in ("", "nothing", "../../nginx.conf", "..%2f..%2f..%2fnginx.conf", "abc/"):
        response = edge.request("GET", f"{CHALLENGES}{path}", tls=False)
        assert response.status in {301, 404, 400}
        assert b"worker_processes" not in response.body
        assert response.status == 301 or response.json["error"] in {"Not Found", "Bad Request"}
