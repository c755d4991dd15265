"""Read a file from the body of a request: the body itself, or the only file of a form."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser

from futuretracker.api.schemas.body import check_coding
from futuretracker.api.schemas.field_errors import FieldCode, FieldError, ValidationFailed
from futuretracker.transfer.writing import XLSX_TYPE
from futuretracker.web.body import read_bytes
from futuretracker.web.errors import ApiError
from futuretracker.web.request import current

if TYPE_CHECKING:
    from futuretracker.transfer.reading import Kind
    from futuretracker.web.request import Request

FORM: Final = "multipart/form-data"
# None: the content shows what it is. Browsers name types by what is installed.
KINDS: Final[dict[str, Kind | None]] = {
    "text/csv": "csv",
    "application/json": "json",
    XLSX_TYPE: "xlsx",
    FORM: None,
}
ONE_FILE: Final = "Send exactly one file"
MOST_PARTS: Final = 10


class Upload(NamedTuple):
    """A file, and its kind if the client has named it."""

    data: bytes
    kind: Kind | None


def read_upload() -> Upload:
    """Return the file; raise the 400, the 413 or the 415."""
    request = current()
    body = read_bytes(request)
    check_coding(request, body)
    media_type = request.mimetype
    if media_type not in KINDS:
        names = ", ".join(KINDS)
        message = f"Content-Type must be one of: {names}"
        raise ApiError(415, "Unsupported Media Type", message)
    data = _file_of_form(request, body) if media_type == FORM else body
    if not data:
        raise ValidationFailed({"file": FieldError(FieldCode.EMPTY, "The file is empty")})
    return Upload(data, KINDS[media_type])


def _file_of_form(request: Request, body: bytes) -> bytes:
    parser = FormDataParser(stream_factory=_in_memory, silent=False, max_form_parts=MOST_PARTS)
    try:
        options = request.mimetype_params
        _, _, files = parser.parse(BytesIO(body), FORM, len(body), options)
    except (HTTPException, ValueError) as error:
        raise ApiError(400, "Bad Request", "The form could not be read") from error
    found = [file for _, each in files.lists() for file in each]
    if len(found) != 1:
        raise ValidationFailed({"file": FieldError(FieldCode.INVALID, ONE_FILE)})
    return found[0].stream.read()


def _in_memory(*_args: Any, **_options: Any) -> BytesIO:
    """Return where a file is put: the body is in memory already."""
    return BytesIO()
