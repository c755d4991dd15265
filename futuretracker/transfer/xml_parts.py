"""Read the XML parts of an archive as streams, in bounded time and memory.

openpyxl, with defusedxml, needs a minute and a gigabyte for some workbooks of 76 kB, and 15 seconds
for one of 10,000 lines. This uses the same parser (expat) directly. A part that declares a document
type is refused, because only such a declaration can define entities.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol
from xml.parsers import expat

from futuretracker.transfer.problem import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

Attributes = Mapping[str, str]
UNPACKED: Final = 32 * 2**20  # bytes of all parts together
PARTS: Final = 1000
METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
DEPTH: Final = 30  # of nested elements
CHUNK: Final = 2**16  # bytes
NOT_XLSX: Final = "The file is not a workbook (XLSX) that can be read. Save it again, or as CSV."
TOO_LARGE: Final = "The workbook is too large when it is unpacked. Split it into several files."
# What an archive or a part that is damaged, or made to do harm, makes the libraries raise.
DAMAGED: Final = (
    *(zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError),
    *(RuntimeError, ValueError, LookupError, OverflowError),
)


class Handler(Protocol):
    """What happens at the beginning and the end of an element; names have no prefix."""

    def start(self, name: str, attributes: Attributes) -> None:
        """Handle the beginning of an element."""

    def text(self, text: str) -> None:
        """Handle a piece of text."""

    def end(self, name: str) -> None:
        """Handle the end of an element."""


class Refused(ValueError):
    """The part is one that no program for spreadsheets writes."""


def check_size(archive: zipfile.ZipFile) -> None:
    """Raise Unreadable if the parts unpack to too much. No more is read than they declare.

    That holds for the two methods of the format only: of others, zipfile unpacks all there is.
    """
    parts = archive.infolist()
    if any(part.compress_type not in METHODS for part in parts):
        message = "compressed with another method"
        raise zipfile.BadZipFile(message)
    if len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED:
        raise Unreadable(TOO_LARGE)


def read_part(archive: zipfile.ZipFile, name: str, handler: Handler) -> Iterator[None]:
    """Let the handler read a part. Yield after each chunk, so that the caller can take results."""
    parser = _parser(handler)
    with archive.open(name) as file:
        while chunk := file.read(CHUNK):
            parser.Parse(chunk, False)
            yield
    parser.Parse(b"", True)
    yield


def _parser(handler: Handler) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    depth = 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH:
            message = "nested too deeply"
            raise Refused(message)
        handler.start(name.rpartition(":")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(name.rpartition(":")[2])

    def refuse(*_declaration: object) -> None:
        message = "a document type is declared"
        raise Refused(message)

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = refuse
    return parser
