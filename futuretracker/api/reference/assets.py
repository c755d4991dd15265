"""The files of the reference and of the front page, compressed in advance."""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Final, NamedTuple
from zipfile import ZipFile

from flask import Response

from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Mapping

OURS: Final = "futuretracker.api.reference"
LIBRARY: Final = files(OURS) / "scalar"
HTML: Final = "text/html; charset=utf-8"
CSS: Final = "text/css; charset=utf-8"
JAVASCRIPT: Final = "text/javascript; charset=utf-8"


class File(NamedTuple):
    """A file to send, with the digest that is its ETag, and its body in each encoding."""

    content_type: str
    digest: str
    bodies: Mapping[str, bytes]  # by content coding, the best first; always has "gzip"

    @classmethod
    def compressed(cls, body: bytes, content_type: str) -> File:
        """Return a file of our own, which gzip makes small enough."""
        return cls(content_type, _digest(body), {"gzip": gzip.compress(body, mtime=0)})


class Asset:
    """A file of our own, which is read when it is first needed."""

    def __init__(self, name: str, content_type: str) -> None:
        self._name = name
        self._content_type = content_type

    @functools.cache  # noqa: B019  # an asset lives as long as the process
    def load(self) -> File:
        """Return the file."""
        return File.compressed((files(OURS) / self._name).read_bytes(), self._content_type)

    def digest(self) -> str:
        """Return the part of the URL that changes with the file."""
        return self.load().digest


class LibraryAsset(Asset):
    """A file of the library. All share one digest, because they import each other by name."""

    @functools.cache  # noqa: B019
    def load(self) -> File:
        """Return the file."""
        with as_file(LIBRARY / "library.zip") as path, ZipFile(path) as library:
            bodies = {
                "br": library.read(f"{self._name}.br"),
                "gzip": library.read(f"{self._name}.gz"),
            }
        return File(self._content_type, _digest(bodies["br"]), bodies)

    def digest(self) -> str:
        """Return the digest of the library."""
        return _library_digest()


@functools.cache
def _library_digest() -> str:
    note = json.loads((LIBRARY / "library.json").read_text(encoding="utf-8"))
    return f"scalar-{note['version']}-{_digest((LIBRARY / 'library.zip').read_bytes())}"


def _library() -> Mapping[str, Asset]:
    with as_file(LIBRARY / "library.zip") as path, ZipFile(path) as library:
        names = {name.rpartition(".")[0] for name in library.namelist()}
    return {name: LibraryAsset(name, JAVASCRIPT) for name in sorted(names)}


# Only these files are served.
ASSETS: Final[Mapping[str, Asset]] = {
    "docs.css": Asset("docs.css", CSS),
    "docs.js": Asset("docs.js", JAVASCRIPT),
    "front.css": Asset("front.css", CSS),
    "favicon.svg": Asset("favicon.svg", "image/svg+xml"),
    **_library(),
}


# The dialog that sends requests; the library's build chooses the end of its name.
[DIALOG] = (name for name in ASSETS if name.startswith("chunks/modal-"))


def link(name: str) -> str:
    """Return the URL of a file for a page; it changes with the file."""
    return f"/docs/{ASSETS[name].digest()}/{name}"


def respond(file: File, cache_control: str) -> Response:
    """Return a response with the file, in the best encoding that the client accepts."""
    accepted = request.accept_encodings
    coding = next((name for name in file.bodies if accepted[name] > 0), "")
    body = file.bodies[coding] if coding else gzip.decompress(file.bodies["gzip"])
    response = Response(body, content_type=file.content_type)
    if coding:
        response.headers["Content-Encoding"] = coding
    response.headers["Vary"] = "Accept-Encoding, Origin"
    response.headers["Cache-Control"] = cache_control
    response.set_etag(f"{coding}-{file.digest}" if coding else file.digest)
    response.make_conditional(request)
    return response


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]
