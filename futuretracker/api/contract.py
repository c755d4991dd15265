"""State the contract of a view with decorators.

    @blueprint.post("/opportunities")
    @takes(NewOpportunity, original=OriginalNewOpportunity)
    @returns(Opportunity, 201, original=OriginalOpportunity, headers=["Location"])
    @errors(409)
    def create_opportunity(values: dict[str, Any]) -> Result: ...

The contract is both executed and published: ``ApiBlueprint`` parses the request and sets the status
as the contract says, and the OpenAPI document describes the same contract. Each decorator takes the
schema of v1; ``original`` is the schema of the original API where that differs.

The contract does not mention authentication (``auth.public`` marks the exceptions), rate limits, or
the errors that follow from the rest: see ``openapi/errors.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from marshmallow import Schema

    from futuretracker.api.schemas.base import Request

# A view returns a JSON body, or a pair of the body and further headers or another status, or all
# three. A body that is an iterator is streamed.
Body: TypeAlias = "bytes | Mapping[str, object] | Iterator[bytes]"
Result: TypeAlias = (
    "Body | tuple[Body, Mapping[str, str]] | tuple[Body, int] | tuple[Body, int, Mapping[str, str]]"
)
NOT_MODIFIED: Final = b""  # in place of a body that the client has already
View = TypeVar("View", bound="Callable[..., Result]")
Kind = TypeVar("Kind", bound="Schema")


@dataclass
class Contract:
    """What a view takes and returns."""

    # The schemas are by the name of the API version.
    body: Mapping[str, type[Request]] = field(default_factory=dict)
    creation: Mapping[str, type[Request]] = field(default_factory=dict)
    query: Mapping[str, type[Schema]] = field(default_factory=dict)
    response: Mapping[str, type[Schema]] = field(default_factory=dict)
    many: bool = False  # the response is an array
    statuses: Sequence[int] = (200,)  # the first is the usual one
    headers: Sequence[str] = ()
    files: Sequence[str] = ()  # the media types of the response besides JSON
    uploads: Sequence[str] = ()  # the media types of the body, if it is a file
    is_tagged: bool = False  # the response has an ETag
    takes_conditions: bool = False  # a change: it may depend on the ETag
    identifies: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[int] = ()
    tag: str = ""  # set by the blueprint


def contract_of(view: Callable[..., object]) -> Contract:
    """Return the contract of a view; an empty one if it has stated nothing yet."""
    contract: Contract = view.__dict__.setdefault("contract", Contract())
    return contract


def takes(  # noqa: PLR0913 - each is a part of the contract
    body: type[Request] | None = None,
    *,
    original: type[Request] | None = None,
    creation: type[Request] | None = None,
    original_creation: type[Request] | None = None,
    query: type[Schema] | None = None,
    query_in: Sequence[str] = ("v1", "original"),
) -> Callable[[View], View]:
    """Parse the body, or the query string, and pass it to the view.

    The view gets the values of the body as ``values`` and those of the query string as ``query``.
    The body of a ``PUT`` with ``If-None-Match: *`` has the schema ``creation``. An API version that
    is not in ``query_in`` ignores the query string, and the view has a default for ``query``.
    """

    def decorate(view: View) -> View:
        contract = contract_of(view)
        contract.body = _by_version(body, original)
        contract.creation = _by_version(creation, original_creation)
        contract.query = dict.fromkeys(query_in, query) if query else {}
        return view

    return decorate


def returns(
    schema: type[Schema] | None,
    *statuses: int,
    original: type[Schema] | None = None,
    many: bool = False,
    headers: Sequence[str] = (),
    identifies: Mapping[str, str] | None = None,
) -> Callable[[View], View]:
    """State the response: its schema, and its status, which is 200 if none is given.

    A view may return further ``statuses`` with the same schema. ``many`` means an array.
    ``identifies`` maps parameters of other paths to where the response has their values: the
    document then links this operation to those that take these parameters.
    """

    def decorate(view: View) -> View:
        contract = contract_of(view)
        contract.response = _by_version(schema, original)
        contract.many = many
        contract.statuses = statuses or (200,)
        contract.headers = headers
        contract.identifies = identifies or {}
        return view

    return decorate


def tagged(view: View) -> View:
    """State that the response has an ETag, and that a read is a 304 if the client names it."""
    contract_of(view).is_tagged = True
    return view


def conditional(view: View) -> View:
    """State that the change is a 412 if the opportunity has not the ETag that the client names."""
    contract_of(view).takes_conditions = True
    return view


def files(*media_types: str) -> Callable[[View], View]:
    """State the media types of the response besides JSON; its header Content-Type names one."""

    def decorate(view: View) -> View:
        contract_of(view).files = media_types
        return view

    return decorate


def uploads(*media_types: str) -> Callable[[View], View]:
    """State that the body is a file of one of these media types, which the view reads itself."""

    def decorate(view: View) -> View:
        contract_of(view).uploads = media_types
        view.takes_file = True  # type: ignore[attr-defined]
        return view

    return decorate


def errors(*statuses: int) -> Callable[[View], View]:
    """State the errors that do not follow from the rest of the contract."""

    def decorate(view: View) -> View:
        contract_of(view).errors = statuses
        return view

    return decorate


def _by_version(v1: type[Kind] | None, original: type[Kind] | None) -> Mapping[str, type[Kind]]:
    return {"v1": v1, "original": original or v1} if v1 else {}
