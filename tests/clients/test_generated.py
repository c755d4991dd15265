"""Both clients are what the OpenAPI document gives, and have a method for each operation."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker_client import AsyncClient, Client
from tests.clients.conftest import TYPESCRIPT
from tests.support.node import install, node
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOCKED = [
    "clients/typescript",
    "tests/support/axe",
    *(f"tests/clients{name}" for name in ("", "/linters", "/node", "/vite")),
]
ADDITIONS = {
    "/api/v1/things/{thing_id}/parts": {
        "get": {
            "operationId": "listParts",
            "summary": "List parts",
            "parameters": [
                {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "string"}},
                {"name": "class", "in": "query", "required": True, "schema": {"type": "integer"}},
                {"name": "limit", "in": "query", "schema": {"type": "integer"}},
            ],
            "responses": {"204": {"description": "Nothing"}},
        }
    },
    "/api/v1/picture": {
        "put": {
            "operationId": "putPicture",
            "summary": "Replace the picture",
            "requestBody": {"content": {"image/png": {"schema": {}}}},
            "responses": {"200": {"description": "OK", "content": {"image/png": {"schema": {}}}}},
        }
    },
    "/api/v1/archive": {
        "get": {
            "operationId": "getArchive",
            "summary": "Get everything as a file",
            "responses": {
                "200": {
                    "description": "OK",
                    "headers": {"Content-Disposition": {"schema": {"type": "string"}}},
                    "content": {"application/json": {"schema": {"type": "array"}}},
                }
            },
        }
    },
}


def generate(document: Any, folder: Path) -> Path:
    install(TYPESCRIPT)
    (folder / "openapi.json").write_text(json.dumps(document))
    command = (ROOT / "clients/generate.py", folder / "openapi.json", "--into", folder)
    made = subprocess.run([sys.executable, *command], check=False, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def made(document: Any, tmp_path_factory: pytest.TempPathFactory, needs_node: None) -> Path:
    return generate(document, tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def names(document: Any) -> set[str]:
    """The operations of v1."""
    return {
        operation["operationId"]
        for path, item in document["paths"].items()
        if path.startswith("/api/v1/")
        for method, operation in item.items()
        if method in {"get", "post", "put", "patch", "delete"}
    }


@pytest.mark.parametrize(
    "file",
    [
        "typescript/src/api.ts",
        "typescript/src/operations.ts",
        "python/src/futuretracker_client/_operations.py",
        "python/src/futuretracker_client/types.py",
    ],
)
def test_the_generated_files_are_what_the_document_gives(file: str, made: Path) -> None:
    assert (made / file).read_text() == (ROOT / "clients" / file).read_text(), "run 'make types'"


def test_the_original_api_is_in_neither_client() -> None:
    for file in ("typescript/src/api.ts", "python/src/futuretracker_client/types.py"):
        assert not re.search("Original|/api/opportunities", (ROOT / "clients" / file).read_text())


def test_the_typescript_client_has_a_method_for_each_operation(
    names: set[str], project: Callable[[str], Path]
) -> None:
    script = """
        import { Client } from "@futuretracker/client";
        console.log(JSON.stringify(Object.getOwnPropertyNames(Client.prototype)));
    """
    listed = node(project("node"), "node", "--input-type=module", "--eval", script)

    assert listed.returncode == 0, listed.stderr
    assert names <= set(json.loads(listed.stdout))


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_the_python_clients_have_a_method_for_each_operation(client: type, names: set[str]) -> None:
    wanted = {re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", name) for name in names}

    assert wanted
    assert wanted <= set(dir(client))


@pytest.mark.needs("node")
def test_an_operation_that_is_added_becomes_a_method(document: Any, tmp_path: Path) -> None:
    made = generate({**document, "paths": {**document["paths"], **ADDITIONS}}, tmp_path)

    typescript = (made / "typescript/src/operations.ts").read_text()
    python = (made / "python/src/futuretracker_client/_operations.py").read_text()
    assert "listParts(thingId: string, query: ListPartsQuery, options?: CallOptions)" in typescript
    signature = "list_parts(self, thing_id: str, /, *, class_: int, limit: int | None = None)"
    assert python.count(f"{signature} -> None:") == 2
    upload = 'putPicture(file: FileBody, contentType: "image/png", options?: CallOptions)'
    assert f"{upload}: Promise<Response>" in typescript
    upload = 'self, file: bytes | BinaryIO, /, *, content_type: Literal["image/png"]'
    assert python.count(upload) == 2
    assert "getArchive(options?: CallOptions): Promise<Response>" in typescript
    assert "get_archive(self) -> Download:" in python


@pytest.mark.needs("node")
def test_the_typescript_client_compiles_and_mistakes_do_not() -> None:
    install(TYPESCRIPT)

    result = node(TYPESCRIPT, "npm", "run", "check")

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("folder", LOCKED)
def test_the_lock_file_names_every_package_and_no_registry(folder: str) -> None:
    lock = (ROOT / folder / "package-lock.json").read_text()

    assert '"integrity": "sha512-' in lock
    assert '"resolved"' not in lock
