"""The OpenAPI document with the exact schemas of request fields.

The published document has formats, lengths and enums, as readers expect. They allow a little more
or less than the code does. For example, the code also accepts a date-time for a date. The tests
that send what a document allows, and what it forbids, need the exact limits. JSON Schema, Python
and ECMAScript read these patterns alike.
"""

from __future__ import annotations

import copy
from functools import singledispatch
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from futuretracker.api.openapi.properties import or_empty, takes_empty, takes_null
from futuretracker.api.schemas.analytics_query import AnalyticsParameters
from futuretracker.api.schemas.api_keys import JWK, ApiKeyChanges, NewApiKey, Rotation
from futuretracker.api.schemas.batch import Batch, Operations
from futuretracker.api.schemas.choices import Choices, Flag
from futuretracker.api.schemas.exports import ExportParameters
from futuretracker.api.schemas.fields import Choice, Date, Link, Number, Text, Time
from futuretracker.api.schemas.filtered_changes import ChangeParameters, DeletionOfMatches
from futuretracker.api.schemas.history import HistoryParameters
from futuretracker.api.schemas.ids import PATH_IDS
from futuretracker.api.schemas.imports import ImportParameters
from futuretracker.api.schemas.moments import FutureTime
from futuretracker.api.schemas.networks import Networks
from futuretracker.api.schemas.operations import MOST, Id, Values
from futuretracker.api.schemas.opportunities import (
    NewOpportunity,
    OpportunityChanges,
    OriginalNewOpportunity,
    OriginalOpportunityChanges,
)
from futuretracker.api.schemas.public_keys import PRIVATE_MEMBERS, PublicKey
from futuretracker.api.schemas.query_fields import (
    MAX_SEARCH,
    AllTags,
    Day,
    Limit,
    OneOf,
    Search,
    SomeOf,
    TrueOrFalse,
    WholeLink,
)
from futuretracker.api.schemas.query_string import PageParameters, UpcomingParameters
from futuretracker.api.schemas.rounds import NewRound, RoundChanges
from futuretracker.api.schemas.tags import LONGEST, Tags
from futuretracker.api.schemas.tags import MOST as MOST_TAGS
from futuretracker.api.schemas.time_zones import TimeZone, names
from futuretracker.api.schemas.trash import DeletionParameters, TrashParameters

if TYPE_CHECKING:
    from marshmallow import Schema, fields

Json: TypeAlias = dict[str, Any]

BODIES: Final[tuple[type[Schema], ...]] = (
    OriginalNewOpportunity,
    OriginalOpportunityChanges,
    NewOpportunity,
    OpportunityChanges,
    NewRound,
    RoundChanges,
    NewApiKey,
    ApiKeyChanges,
    Rotation,
    Batch,
    *Operations.schemas,
)
QUERIES: Final[dict[str, type[Schema]]] = {
    "listOpportunities": PageParameters,
    "updateOpportunities": ChangeParameters,
    "deleteOpportunities": DeletionOfMatches,
    "deleteOpportunity": DeletionParameters,
    "listTrash": TrashParameters,
    "exportOpportunities": ExportParameters,
    "importOpportunities": ImportParameters,
    "getAnalytics": AnalyticsParameters,
    "listHistory": HistoryParameters,
    "listUpcomingRounds": UpcomingParameters,
    "originalListUpcomingRounds": UpcomingParameters,
}

# What is removed at the ends of a text, up to U+FFFF; ECMAScript's \s is a different set.
BLANK: Final = (
    r"\x01-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    r"\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
MARKS: Final = r"\u0300-\u036f"  # which are no text alone
STORABLE: Final = r"^[^\x00]*$"
NO_SEPARATOR: Final = r"^[^\x00,;]*$"
A_TAG: Final = rf"^[{BLANK}{MARKS}]*[^\x00,;{BLANK}{MARKS}][^\x00,;]*$"
NOT_BLANK: Final = rf"^[{BLANK}{MARKS}]*[^\x00{BLANK}{MARKS}][^\x00]*$"

ID: Final = r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
CURSOR: Final = r"^[A-Za-z0-9_-]*$"

_HOUR, _MINUTE = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
TIME: Final = rf"^{_HOUR}:{_MINUTE}(?::{_MINUTE})?$"
STORED_TIME: Final = rf"^{_HOUR}:{_MINUTE}:{_MINUTE}(?:\.[0-9]+)?$"

_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_DAY = (
    rf"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    rf"|{_LEAP_YEAR}-02-29)"
)
DAY: Final = f"^{_DAY}$"
_ZONE = rf"(?:[Zz]|[+-]{_HOUR}(?::?{_MINUTE}(?::{_MINUTE})?)?)"
_FRACTION = "(?:[.,][0-9]{1,9})?"
DATE: Final = (
    rf"^{_DAY}(?:[Tt ](?:{_HOUR}:{_MINUTE}(?::{_MINUTE}{_FRACTION})?{_ZONE}?"
    rf"|23:59:60{_FRACTION}(?:[Zz]|[+-]00(?::?00)?)?))?$"
)
# A time with its offset, or a date. Whether it is in the future is beyond schemas.
MOMENT: Final = (
    rf"^{_DAY}(?:[Tt ]{_HOUR}:{_MINUTE}(?::{_MINUTE}{_FRACTION})?"
    rf"(?:[Zz]|[+-]{_HOUR}:?{_MINUTE}))?$"
)

_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
# Single addresses, because the bits behind a prefix are beyond schemas.
ADDRESS: Final = rf"^{_BYTE}(?:[.]{_BYTE}){{3}}$"

# Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, kana, Chinese, Hangul.
_SCRIPTS = (
    r"\u00df-\u00f6\u00f8-\u024f\u03b1-\u03c9\u0430-\u045f\u05d0-\u05ea\u0620-\u064a\u0904-\u0939"
    r"\u0e01-\u0e2e\u3041-\u3096\u30a1-\u30fa\u4e00-\u9ff0\uac00-\ud7a3"
)
_ASCII = r"[A-Za-z0-9_~!$&'()*+,;=]"
_LETTER = rf"{_ASCII[:-1]}{_SCRIPTS}]"
# Shorter than they may be, so that no name becomes too long for DNS.
_LABEL = (
    rf"(?![Xx][Nn]--)(?:{_ASCII}(?:{_ASCII[:-1]}-]{{0,30}}{_ASCII})?"
    rf"|{_LETTER}(?:{_LETTER[:-1]}-]{{0,3}}{_LETTER})?)"
)
_NUMBER = rf"(?:[0-9]+|0[Xx][0-9A-Fa-f]*)\.?(?!{_LETTER}|-)"  # a name does not end in one
_NAME = rf"(?:(?:{_LABEL}\.){{0,5}}(?!{_NUMBER}){_LABEL}|[1-9][0-9]{{0,3}})\.?"
_USER = rf"(?:[A-Za-z0-9_~!$&'()*+,;=%:@.{_SCRIPTS}-]*@)?"
_PORT = (
    "(?::(?:0*(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]"
    "|6553[0-5]))?)?"
)
_NOT_INSIDE = r"\x00-\x1f\x7f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_REST = rf"(?:/[^?#\\{_NOT_INSIDE}]*)?(?:\?[^#{_NOT_INSIDE}]*)?(?:#[^{_NOT_INSIDE}]*)?"
_URL = rf"[Hh][Tt][Tt][Pp][Ss]?://{_USER}{_NAME}{_PORT}{_REST}"
_AROUND = r"[\t-\r\x1c-\x20\x80-\xa0\xad\u200b-\u200f\u2028-\u202c\u3000\ufeff]*"
A_LINK: Final = rf"^{_AROUND}{_URL}{_AROUND}$"
LINK: Final = rf"^[{BLANK}]*$|{A_LINK}"


@singledispatch
def exact(_field: fields.Field[Any]) -> Json:
    """Return the JSON Schema of exactly what a field of a request accepts."""
    return {"type": "string", "pattern": CURSOR}


@exact.register
def _text(field: Text) -> Json:
    pattern = NOT_BLANK if field.empty else STORABLE
    return _string(null=not field.empty, maxLength=field.longest, pattern=pattern)


@exact.register
def _link(field: Link) -> Json:
    return _string(null=True, maxLength=field.longest, pattern=LINK)


@exact.register
def _whole_link(field: WholeLink) -> Json:
    return _string(maxLength=field.longest, pattern=A_LINK)


@exact.register
def _tags(field: Tags) -> Json:
    items = _string(maxLength=LONGEST, pattern=NO_SEPARATOR)
    return or_empty(field, {"type": ["array", "null"], "items": items, "maxItems": MOST_TAGS})


@exact.register
def _all_tags(_field: AllTags) -> Json:
    items = _string(maxLength=LONGEST, pattern=A_TAG)
    return {"type": "array", "items": items, "minItems": 1, "maxItems": MOST_TAGS}


@exact.register
def _time_zone(field: TimeZone) -> Json:
    null = takes_null(field)
    return or_empty(
        field, _string(null=null, enum=[*sorted(names().values()), *([None] if null else [])])
    )


@exact.register
def _date(field: Date) -> Json:
    return or_empty(field, _string(null=True, pattern=DATE))


@exact.register
def _time(field: Time) -> Json:
    return or_empty(field, _string(null=True, pattern=TIME))


@exact.register
def _number(field: Number) -> Json:
    found = {
        "type": ["integer", "null"] if takes_null(field) else "integer",
        "minimum": field.range[0],
        "maximum": field.range[-1],
    }
    return or_empty(field, found)


@exact.register
def _choice(field: Choice) -> Json:
    null = takes_null(field)
    words = [*field.choices, *([""] if takes_empty(field) else []), *([None] if null else [])]
    return _string(null=null, enum=words)


@exact.register
def _choices(field: Choices) -> Json:
    items = _string(enum=list(field.choices))
    return {"type": "array", "items": items, "minItems": 1, "uniqueItems": True}


@exact.register
def _flag(field: Flag) -> Json:
    return {"type": ["boolean", "null"] if takes_null(field) else "boolean"}


@exact.register
def _future_time(field: FutureTime) -> Json:
    return or_empty(field, _string(null=True, pattern=MOMENT))


@exact.register
def _networks(field: Networks) -> Json:
    items = _string(pattern=ADDRESS)
    return {"type": ["array", "null"], "items": items, "maxItems": field.most, "uniqueItems": True}


@exact.register
def _public_key(_field: PublicKey) -> Json:
    private = dict.fromkeys(sorted(PRIVATE_MEMBERS), False)  # which no value can match
    properties = {**{name: {"const": value} for name, value in JWK.items()}, **private}
    jwk = {"type": "object", "properties": properties, "required": list(JWK)}
    return {"anyOf": [jwk, {"type": "null"}]}


@exact.register
def _limit(field: Limit) -> Json:
    return {"type": "integer", "minimum": 1, "maximum": field.largest}


@exact.register
def _one_of(field: OneOf) -> Json:
    return _string(enum=list(field.choices))


@exact.register
def _some_of(field: SomeOf) -> Json:
    return {"type": "array", "items": _string(enum=list(field.choices)), "minItems": 1}


@exact.register
def _true_or_false(_field: TrueOrFalse) -> Json:
    return {"type": "boolean"}


@exact.register
def _id(_field: Id) -> Json:
    return _string(format="uuid", pattern=ID)


@exact.register
def _values(field: Values) -> Json:
    return _reference(field.schema)


@exact.register
def _operations(field: Operations) -> Json:
    schemas = [_reference(schema) for schema in field.schemas]
    return {"type": "array", "items": {"oneOf": schemas}, "minItems": 1, "maxItems": MOST}


@exact.register
def _day(_field: Day) -> Json:
    return _string(format="date", pattern=DAY)


@exact.register
def _search(_field: Search) -> Json:
    return _string(maxLength=MAX_SEARCH, pattern=STORABLE)


def _reference(schema: type[Schema]) -> Json:
    return {"$ref": f"#/components/schemas/{schema.__name__}"}


def _string(*, null: bool = False, **rest: Any) -> Json:
    return {"type": ["string", "null"] if null else "string", **rest}


def sharpen(document: Json) -> Json:
    """Return the document with the exact schema of each field of a request."""
    document = copy.deepcopy(document)
    for body in BODIES:
        properties = document["components"]["schemas"][body.__name__]["properties"]
        for name, field in body().fields.items():
            properties[name] = exact(field)
    for path in document["paths"].values():
        for operation in path.values():
            content = operation.get("requestBody", {}).get("content", {})
            for media_type in content.keys() - {"application/json"}:
                del content[media_type]  # no schema says which CSV files are valid
            query = QUERIES.get(operation["operationId"])
            fields_ = {f.data_key or n: f for n, f in query().fields.items()} if query else {}
            # What a client may prefer is beyond schemas: `handling=strict` refuses valid bodies.
            operation["parameters"] = [p for p in operation["parameters"] if p["in"] != "header"]
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    known = PATH_IDS[parameter["name"]].schema
                    parameter["schema"] = {"pattern": ID, **known}
                else:
                    parameter["schema"] = exact(fields_[parameter["name"]])
    return document
