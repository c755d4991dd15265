"""The types of bodies and responses.

Generated from the OpenAPI document by clients/generate.py. Do not edit.
"""

from __future__ import annotations

from datetime import date as date_aliased
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class Account(TypedDict):
    """
    The user of the token.
    """

    deletionDueAt: str | None
    """
    When the account will be deleted; null if that was not asked for.
    """
    email: str | None
    """
    The e-mail address, if known.
    """
    internalUserId: str
    """
    The `user_id` of the user's opportunities.
    """
    userId: str
    """
    The id that Clerk gave to the user.
    """


class AccountDeletion(TypedDict):
    """
    Whether the account will be deleted.
    """

    deletionDueAt: str | None
    """
    When the account will be deleted; null if that was not asked for.
    """


AllowedNetwork: TypeAlias = str


class ApiKeyChanges(TypedDict):
    """
    The fields to update; at least one. A key can only lose rights, never gain any.

    `scopes` are some of the present ones, each network is inside a present one, and `expiresAt` is
    not later than the present one.
    """

    allowedNetworks: NotRequired[list[AllowedNetwork] | None]
    """
    The networks that the key works from; none means everywhere.
    """
    expiresAt: NotRequired[str | Literal[""] | date_aliased | None]
    """
    When the key stops working; null if it does not expire. A date is accepted too and means 00:00 UTC. At most 366 days from now. An empty text counts as null.
    """
    name: NotRequired[str]
    """
    A name, to recognise the key by. White space and invisible characters at both ends are removed.
    """
    scopes: NotRequired[list[Literal["opportunities:read", "opportunities:write", "account:read"]]]
    """
    What the key may do: `opportunities:read`, `opportunities:write`, `account:read`.
    """


class ApiKeyDeleted(TypedDict):
    """
    Confirms the deletion of an API key.
    """

    message: str
    """
    A message for the user.
    """
    success: bool
    """
    Always true.
    """


class CampusModeCounts(TypedDict):
    """
    The number of opportunities by campus mode.
    """

    off_campus: int
    """
    Off campus.
    """
    on_campus: int
    """
    On campus.
    """
    unspecified: int
    """
    Without a campus mode.
    """


class CategoryCounts(TypedDict):
    """
    The number of opportunities in each category.
    """

    hackathon: int
    """
    Hackathons.
    """
    internship: int
    """
    Internships.
    """


class Checks(TypedDict):
    """
    The state of each dependency.
    """

    database: Literal["ok", "unavailable", "read_only"]
    """
    The database. `read_only`: it accepts no changes.
    """
    store: Literal["ok", "unavailable"]
    """
    The store that rate limits are counted in.
    """


class DeadlineDay(TypedDict):
    """
    The number of deadlines on one day.
    """

    count: int
    """
    How many deadlines are on this day.
    """
    date: str
    """
    The day.
    """
    day: int
    """
    The day of the month.
    """
    dayOfWeek: int
    """
    The day of the week; 0 is Sunday.
    """


class DeleteOperation(TypedDict):
    """
    Delete an opportunity and its interview rounds for good.
    """

    id: str
    """
    The id of the opportunity.
    """
    op: Literal["delete"]
    """
    What to do.
    """


class Deleted(TypedDict):
    """
    Confirms a deletion.
    """

    message: str
    """
    A message for the user.
    """
    success: bool
    """
    Always true.
    """


class Dependencies(TypedDict):
    """
    The state of what the service depends on.
    """

    checks: Checks
    """
    The state of each dependency.
    """
    environment: Literal["production", "development", "test"]
    """
    The environment that it runs in.
    """
    status: Literal["ok", "degraded"]
    """
    `degraded` if a dependency is not `ok`.
    """
    timestamp: str
    """
    The time of the response.
    """
    version: str
    """
    The version of the service.
    """


class Emptied(TypedDict):
    """
    What was deleted for good.
    """

    deleted: int
    """
    How many were deleted; one request deletes at most 1000.
    """
    remaining: int
    """
    How many are left in the trash. Send the request again if any are.
    """


class Error(TypedDict):
    """
    An error.
    """

    code: Literal[
        "account_not_deleted",
        "api_key_not_found",
        "bad_request",
        "idempotency_key_reused",
        "insufficient_scope",
        "internal_server_error",
        "invalid_json",
        "method_not_allowed",
        "no_secret",
        "not_found",
        "opportunity_id_taken",
        "opportunity_not_found",
        "outcome_unknown",
        "overloaded",
        "payload_too_large",
        "precondition_failed",
        "precondition_required",
        "rate_limit_exceeded",
        "read_only",
        "request_in_progress",
        "response_outdated",
        "round_not_found",
        "round_number_taken",
        "search_timeout",
        "secret_shown_before",
        "service_unavailable",
        "session_required",
        "too_many_api_keys",
        "too_many_matches",
        "too_many_rounds",
        "unauthorized",
        "unsupported_media_type",
        "validation_error",
        "write_rate_limit_exceeded",
    ]
    """
    Identifies the kind of error for programs; it never changes.
    """
    error: str
    """
    The title of the error.
    """
    message: str
    """
    A message for the user.
    """
    requestId: str
    """
    Identifies the request in the log of the service.
    """


class ExportedAccount(TypedDict):
    """
    What the service stores of the user's profile at Clerk.
    """

    avatarUrl: str | None
    """
    The address of the picture, if known.
    """
    createdAt: str
    """
    When the user first sent a request.
    """
    deletionDueAt: str | None
    """
    When the account will be deleted; null if that was not asked for.
    """
    email: str | None
    """
    The e-mail address, if known.
    """
    fullName: str | None
    """
    The name, if known.
    """
    internalUserId: str
    """
    The `user_id` of the user's opportunities.
    """
    userId: str
    """
    The id that Clerk gave to the user.
    """


FieldChange = TypedDict(
    "FieldChange",
    {
        "field": str,
        "from": Any,
        "to": Any,
    },
)


class FieldError(TypedDict):
    """
    What is wrong with one field. Apart from the code, only what belongs to the code is there.
    """

    allowed: NotRequired[list[str]]
    """
    The valid values.
    """
    code: Literal[
        "required",
        "empty",
        "too_long",
        "wrong_type",
        "not_one_of",
        "out_of_range",
        "bad_date",
        "bad_time",
        "bad_time_zone",
        "bad_url",
        "bad_id",
        "bad_network",
        "bad_public_key",
        "private_key",
        "not_storable",
        "invalid",
        "out_of_order",
        "span_too_long",
        "past",
        "too_far",
        "too_many",
        "repeated",
        "contradiction",
        "wider",
        "unknown_parameter",
        "unknown_field",
        "read_only_field",
        "not_applicable",
        "not_found",
        "nothing_to_update",
    ]
    """
    Identifies for programs what is wrong; it never changes.
    """
    field: str
    """
    The name of the field; empty if it is the body as a whole.
    """
    maximum: NotRequired[int]
    """
    The largest valid number, of characters, entries or days too.
    """
    message: str
    """
    A message for the user.
    """
    minimum: NotRequired[int]
    """
    The smallest valid number.
    """
    suggestion: NotRequired[str]
    """
    The known name, or the valid value, that was probably meant.
    """


class Forbidden(TypedDict):
    """
    An action that the API key may not do.
    """

    code: Literal[
        "account_not_deleted",
        "api_key_not_found",
        "bad_request",
        "idempotency_key_reused",
        "insufficient_scope",
        "internal_server_error",
        "invalid_json",
        "method_not_allowed",
        "no_secret",
        "not_found",
        "opportunity_id_taken",
        "opportunity_not_found",
        "outcome_unknown",
        "overloaded",
        "payload_too_large",
        "precondition_failed",
        "precondition_required",
        "rate_limit_exceeded",
        "read_only",
        "request_in_progress",
        "response_outdated",
        "round_not_found",
        "round_number_taken",
        "search_timeout",
        "secret_shown_before",
        "service_unavailable",
        "session_required",
        "too_many_api_keys",
        "too_many_matches",
        "too_many_rounds",
        "unauthorized",
        "unsupported_media_type",
        "validation_error",
        "write_rate_limit_exceeded",
    ]
    """
    Identifies the kind of error for programs; it never changes.
    """
    error: str
    """
    The title of the error.
    """
    message: str
    """
    A message for the user.
    """
    requestId: str
    """
    Identifies the request in the log of the service.
    """
    scope: NotRequired[Literal["opportunities:read", "opportunities:write", "account:read"]]
    """
    The scope that the key lacks; only with `insufficient_scope`.
    """


class FunnelOfType(TypedDict):
    """
    The results of the rounds of one type.
    """

    clearanceRate: float
    """
    The percentage of these rounds that were cleared.
    """
    cleared: int
    """
    How many of them were cleared.
    """
    label: str
    """
    The label of the type.
    """
    reached: int
    """
    How many rounds there are, with every result.
    """
    rejected: int
    """
    How many of them were rejected.
    """
    roundType: Literal[
        "resume_shortlisted",
        "oa",
        "assignment",
        "technical_assignment",
        "technical",
        "hr",
        "group_discussion",
        "managerial",
        "final",
        "other",
    ]
    """
    The type of round.
    """


class Health(TypedDict):
    """
    The service responds.
    """

    environment: Literal["production", "development", "test"]
    """
    The environment that it runs in.
    """
    status: Literal["ok"]
    """
    Always `ok`.
    """
    timestamp: str
    """
    The time of the response.
    """
    version: str
    """
    The version of the service.
    """


class HistoryEntry(TypedDict):
    """
    A change of an opportunity, or of one of its rounds.
    """

    action: Literal[
        "CREATE_OPPORTUNITY",
        "IMPORT_OPPORTUNITY",
        "UPDATE_OPPORTUNITY",
        "DELETE_OPPORTUNITY",
        "RESTORE_OPPORTUNITY",
        "CREATE_ROUND",
        "UPDATE_ROUND",
        "DELETE_ROUND",
    ]
    """
    What was done.
    """
    at: str
    """
    When it was made.
    """
    changes: list[FieldChange]
    """
    The fields that an update changed, by name. Empty for other actions, and for changes of before that was recorded.
    """
    client: Literal["web", "extension", "app", "key", "import"] | None
    """
    What the user made the change with; null for changes of before that was recorded.
    """
    keyId: str | None
    """
    The id of the API key; null for other clients.
    """
    roundId: str | None
    """
    The id of the round that was changed; null for the opportunity.
    """


class HistoryPage(TypedDict):
    """
    A page of the history of an opportunity.
    """

    items: list[HistoryEntry]
    """
    The changes of this page, the newest first.
    """
    nextCursor: str | None
    """
    The `cursor` of the next page; null on the last page.
    """


class ImportedLine(TypedDict):
    """
    What became of a line.
    """

    id: str | None
    """
    The id of the opportunity; null if it was not created yet.
    """
    line: int
    """
    Its number in the file.
    """
    status: Literal["created", "updated", "skipped"]
    """
    What became of it.
    """


class Invalid(TypedDict):
    """
    A request that is not valid.
    """

    code: Literal[
        "account_not_deleted",
        "api_key_not_found",
        "bad_request",
        "idempotency_key_reused",
        "insufficient_scope",
        "internal_server_error",
        "invalid_json",
        "method_not_allowed",
        "no_secret",
        "not_found",
        "opportunity_id_taken",
        "opportunity_not_found",
        "outcome_unknown",
        "overloaded",
        "payload_too_large",
        "precondition_failed",
        "precondition_required",
        "rate_limit_exceeded",
        "read_only",
        "request_in_progress",
        "response_outdated",
        "round_not_found",
        "round_number_taken",
        "search_timeout",
        "secret_shown_before",
        "service_unavailable",
        "session_required",
        "too_many_api_keys",
        "too_many_matches",
        "too_many_rounds",
        "unauthorized",
        "unsupported_media_type",
        "validation_error",
        "write_rate_limit_exceeded",
    ]
    """
    Identifies the kind of error for programs; it never changes.
    """
    details: NotRequired[list[FieldError]]
    """
    Each invalid field, once; only if fields are invalid.
    """
    error: str
    """
    The title of the error.
    """
    failed: NotRequired[int]
    """
    How many lines of the file are invalid; only of an import.
    """
    message: str
    """
    A message for the user.
    """
    requestId: str
    """
    Identifies the request in the log of the service.
    """


class LastUse(TypedDict):
    """
    The last use of a key. It is stored at most once a minute.
    """

    address: str | None
    """
    The IP address of the client, if known.
    """
    at: str
    """
    When the key was used.
    """
    userAgent: str
    """
    The `User-Agent` of the client; empty if it sent none.
    """


class Metrics(TypedDict):
    """
    Percentages with one decimal, 0 if there are no opportunities to count.

    `saved` ones are no applications. `offer` and `accepted` count as selected.
    """

    conversionRate: float
    """
    The percentage of applications that are selected.
    """
    inProgress: int
    """
    How many are applied, interviewed or shortlisted.
    """
    rejectionRate: float
    """
    The percentage of applications that are rejected.
    """
    successRate: float
    """
    The percentage of selected or rejected ones that are selected.
    """


class Month(TypedDict):
    """
    The number of opportunities created in one month.
    """

    count: int
    """
    How many were created in this month.
    """
    month: str
    """
    The month.
    """


class PublicKey(TypedDict):
    """
    The client's ed25519 public key, as PEM or as a JWK. The key then has no secret, and works only for signed requests.
    """

    crv: Literal["Ed25519"]
    kty: Literal["OKP"]
    x: str


class NewApiKey(TypedDict):
    """
    A new key. Without `publicKey` the service makes a secret.
    """

    allowedNetworks: NotRequired[list[AllowedNetwork] | None]
    """
    The networks that the key works from; none means everywhere.
    """
    expiresAt: NotRequired[str | Literal[""] | date_aliased | None]
    """
    When the key stops working; null if it does not expire. A date is accepted too and means 00:00 UTC. At most 366 days from now. An empty text counts as null.
    """
    name: str
    """
    A name, to recognise the key by. White space and invisible characters at both ends are removed.
    """
    publicKey: NotRequired[str | PublicKey | None]
    """
    The client's ed25519 public key, as PEM or as a JWK. The key then has no secret, and works only for signed requests.
    """
    scopes: list[Literal["opportunities:read", "opportunities:write", "account:read"]]
    """
    What the key may do: `opportunities:read`, `opportunities:write`, `account:read`.
    """
    signedOnly: NotRequired[bool | None]
    """
    Whether the key works only for signed requests, never as a bearer.
    """


Tag: TypeAlias = str


class NewOpportunity(TypedDict):
    """
    A new opportunity. Only the title is required.

    An internship gets today's date (UTC) as `applied_on` if none is given, and has no deadline,
    because its interview rounds have dates. While it is `saved`, it is the other way round. Other
    opportunities have no `applied_on`.
    """

    applied_on: NotRequired[str | Literal[""] | date_aliased | None]
    """
    The day of the application to an internship. A date-time is accepted too and keeps its date as written. An empty text counts as null.
    """
    campus_mode: NotRequired[Literal["on_campus", "off_campus", ""] | None]
    """
    Whether the opportunity was found on campus. An empty text counts as null.
    """
    category: NotRequired[Literal["internship", "hackathon", ""] | None]
    """
    The kind. An empty text counts as null.
    """
    company: NotRequired[str | None]
    """
    The company or the host. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    contact: NotRequired[str | None]
    """
    Whom to ask. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    deadline: NotRequired[str | Literal[""] | date_aliased | None]
    """
    The last day to apply. A date-time is accepted too and keeps its date as written. An empty text counts as null.
    """
    description: NotRequired[str | None]
    """
    Any text. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    link: NotRequired[str | None]
    """
    An http or https URL. International hosts and paths are accepted. It is stored as browsers print it: a space becomes `%20`. An empty text becomes null.
    """
    location: NotRequired[str | None]
    """
    Where it is. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    notes: NotRequired[str | None]
    """
    Any text. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    pay: NotRequired[str | None]
    """
    What it pays. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    status: NotRequired[
        Literal[
            "applied",
            "interviewed",
            "shortlisted",
            "selected",
            "rejected",
            "ghosted",
            "saved",
            "offer",
            "accepted",
            "withdrawn",
        ]
        | None
    ]
    """
    How far the application has come.
    """
    tags: NotRequired[list[Tag] | Literal[""] | None]
    """
    At most 20 texts of at most 50 characters, without commas or semicolons. One that differs only in case is the same. An empty text counts as null.
    """
    time_zone: NotRequired[str | Literal[""] | None]
    """
    The IANA time zone of the deadline and of the interview rounds. An empty text counts as null.
    """
    title: str
    """
    The title, such as the position or the event. White space and invisible characters at both ends are removed.
    """


class NewRound(TypedDict):
    """
    A new round. Only the type is required.

    Without a number it becomes the last round. Without a result it is pending.
    """

    notes: NotRequired[str | None]
    """
    Any text. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    result: NotRequired[Literal["pending", "cleared", "rejected", "skipped"] | None]
    """
    The result of the round.
    """
    round_number: NotRequired[int | Literal[""] | None]
    """
    The number of the round, unique in its opportunity. An empty text counts as null.
    """
    round_type: Literal[
        "resume_shortlisted",
        "oa",
        "assignment",
        "technical_assignment",
        "technical",
        "hr",
        "group_discussion",
        "managerial",
        "final",
        "other",
    ]
    """
    The kind of round; `oa` is an online assessment.
    """
    scheduled_date: NotRequired[str | Literal[""] | date_aliased | None]
    """
    The day of the round. A date-time is accepted too and keeps its date as written. An empty text counts as null.
    """
    scheduled_time: NotRequired[str | Literal[""] | None]
    """
    The time of day. An empty text counts as null.
    """


class NotFound(TypedDict):
    """
    A resource that does not exist.
    """

    code: Literal[
        "account_not_deleted",
        "api_key_not_found",
        "bad_request",
        "idempotency_key_reused",
        "insufficient_scope",
        "internal_server_error",
        "invalid_json",
        "method_not_allowed",
        "no_secret",
        "not_found",
        "opportunity_id_taken",
        "opportunity_not_found",
        "outcome_unknown",
        "overloaded",
        "payload_too_large",
        "precondition_failed",
        "precondition_required",
        "rate_limit_exceeded",
        "read_only",
        "request_in_progress",
        "response_outdated",
        "round_not_found",
        "round_number_taken",
        "search_timeout",
        "secret_shown_before",
        "service_unavailable",
        "session_required",
        "too_many_api_keys",
        "too_many_matches",
        "too_many_rounds",
        "unauthorized",
        "unsupported_media_type",
        "validation_error",
        "write_rate_limit_exceeded",
    ]
    """
    Identifies the kind of error for programs; it never changes.
    """
    details: NotRequired[list[FieldError]]
    """
    Each operation of a batch whose opportunity does not exist.
    """
    error: str
    """
    The title of the error.
    """
    message: str
    """
    A message for the user.
    """
    requestId: str
    """
    Identifies the request in the log of the service.
    """


class OperationError(TypedDict):
    """
    Why an operation was not carried out.
    """

    code: Literal[
        "account_not_deleted",
        "api_key_not_found",
        "bad_request",
        "idempotency_key_reused",
        "insufficient_scope",
        "internal_server_error",
        "invalid_json",
        "method_not_allowed",
        "no_secret",
        "not_found",
        "opportunity_id_taken",
        "opportunity_not_found",
        "outcome_unknown",
        "overloaded",
        "payload_too_large",
        "precondition_failed",
        "precondition_required",
        "rate_limit_exceeded",
        "read_only",
        "request_in_progress",
        "response_outdated",
        "round_not_found",
        "round_number_taken",
        "search_timeout",
        "secret_shown_before",
        "service_unavailable",
        "session_required",
        "too_many_api_keys",
        "too_many_matches",
        "too_many_rounds",
        "unauthorized",
        "unsupported_media_type",
        "validation_error",
        "write_rate_limit_exceeded",
    ]
    """
    Identifies the kind of error for programs.
    """
    details: NotRequired[list[FieldError]]
    """
    Each invalid field, once; only if fields are invalid.
    """
    error: str
    """
    The title of the error.
    """
    message: str
    """
    A message for the user.
    """


class OpportunityChanges(TypedDict):
    """
    The fields to update; at least one. The others keep their values.

    A `deadline` that is sent with the category `internship` has no effect, unless the status is
    sent as `saved`. If the opportunity was none before, its deadline becomes null.
    """

    applied_on: NotRequired[str | Literal[""] | date_aliased | None]
    """
    The day of the application to an internship. A date-time is accepted too and keeps its date as written. An empty text counts as null.
    """
    campus_mode: NotRequired[Literal["on_campus", "off_campus", ""] | None]
    """
    Whether the opportunity was found on campus. An empty text counts as null.
    """
    category: NotRequired[Literal["internship", "hackathon", ""] | None]
    """
    The kind. An empty text counts as null.
    """
    company: NotRequired[str | None]
    """
    The company or the host. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    contact: NotRequired[str | None]
    """
    Whom to ask. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    deadline: NotRequired[str | Literal[""] | date_aliased | None]
    """
    The last day to apply. A date-time is accepted too and keeps its date as written. An empty text counts as null.
    """
    description: NotRequired[str | None]
    """
    Any text. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    link: NotRequired[str | None]
    """
    An http or https URL. International hosts and paths are accepted. It is stored as browsers print it: a space becomes `%20`. An empty text becomes null.
    """
    location: NotRequired[str | None]
    """
    Where it is. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    notes: NotRequired[str | None]
    """
    Any text. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    pay: NotRequired[str | None]
    """
    What it pays. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    status: NotRequired[
        Literal[
            "applied",
            "interviewed",
            "shortlisted",
            "selected",
            "rejected",
            "ghosted",
            "saved",
            "offer",
            "accepted",
            "withdrawn",
        ]
        | None
    ]
    """
    How far the application has come.
    """
    tags: NotRequired[list[Tag] | Literal[""] | None]
    """
    At most 20 texts of at most 50 characters, without commas or semicolons. One that differs only in case is the same. An empty text counts as null.
    """
    time_zone: NotRequired[str | Literal[""] | None]
    """
    The IANA time zone of the deadline and of the interview rounds. An empty text counts as null.
    """
    title: NotRequired[str]
    """
    The title, such as the position or the event. White space and invisible characters at both ends are removed.
    """


class PossibleDuplicate(TypedDict):
    """
    An opportunity that the new one may repeat.
    """

    company: str | None
    """
    Its company, or null.
    """
    id: str
    """
    The id of the opportunity.
    """
    link: str | None
    """
    Its link, or null.
    """
    title: str
    """
    Its title.
    """
    why: Literal["link", "title_and_company"]
    """
    What is the same. Titles and companies are compared without case.
    """


class RateLimited(TypedDict):
    """
    A rate limit that is exceeded.
    """

    code: Literal[
        "account_not_deleted",
        "api_key_not_found",
        "bad_request",
        "idempotency_key_reused",
        "insufficient_scope",
        "internal_server_error",
        "invalid_json",
        "method_not_allowed",
        "no_secret",
        "not_found",
        "opportunity_id_taken",
        "opportunity_not_found",
        "outcome_unknown",
        "overloaded",
        "payload_too_large",
        "precondition_failed",
        "precondition_required",
        "rate_limit_exceeded",
        "read_only",
        "request_in_progress",
        "response_outdated",
        "round_not_found",
        "round_number_taken",
        "search_timeout",
        "secret_shown_before",
        "service_unavailable",
        "session_required",
        "too_many_api_keys",
        "too_many_matches",
        "too_many_rounds",
        "unauthorized",
        "unsupported_media_type",
        "validation_error",
        "write_rate_limit_exceeded",
    ]
    """
    Identifies the kind of error for programs; it never changes.
    """
    error: str
    """
    The title of the error.
    """
    limit: int
    """
    How many requests the rate limit allows in a window.
    """
    message: str
    """
    A message for the user.
    """
    requestId: str
    """
    Identifies the request in the log of the service.
    """
    retryAfter: str
    """
    When the window ends.
    """
    retryAfterSeconds: int
    """
    In how many seconds the window ends.
    """
    tip: NotRequired[str]
    """
    A hint for the user; only if the rate limit of writes is exceeded.
    """
    window: str
    """
    The length of a window.
    """


class ReachOfNumber(TypedDict):
    """
    The number of internships that reached the round with this number.
    """

    reached: int
    """
    How many internships have this round, with every result.
    """
    roundNumber: int
    """
    The number of the round.
    """
    stillActive: int
    """
    How many of these rounds are pending.
    """


class Rejection(TypedDict):
    """
    A rejected internship, and the round at which it stopped.
    """

    clearedRoundsBeforeRejection: int
    """
    How many rounds come before this one: `roundNumber` - 1, or 0 without one.
    """
    opportunityId: str
    """
    The id of the internship.
    """
    roundNumber: int | None
    """
    Its `rejected_round_number`; null if no round is rejected.
    """
    roundType: (
        Literal[
            "resume_shortlisted",
            "oa",
            "assignment",
            "technical_assignment",
            "technical",
            "hr",
            "group_discussion",
            "managerial",
            "final",
            "other",
        ]
        | None
    )
    """
    The type of this round, or null.
    """
    roundTypeLabel: str
    """
    The number and the label of this round; `Stage not recorded` without one.
    """
    title: str
    """
    The title of the internship.
    """


class RejectionsOfNumber(TypedDict):
    """
    The number of internships that were rejected in the round with this number.
    """

    count: int
    """
    How many internships were rejected in it.
    """
    roundNumber: int
    """
    The number of the round.
    """


class RejectionsOfType(TypedDict):
    """
    The number of internships that were rejected in a round of this type.
    """

    count: int
    """
    How many internships were rejected in it.
    """
    label: str
    """
    The label of the type.
    """
    roundType: Literal[
        "resume_shortlisted",
        "oa",
        "assignment",
        "technical_assignment",
        "technical",
        "hr",
        "group_discussion",
        "managerial",
        "final",
        "other",
    ]
    """
    The type of round.
    """


class Rotation(TypedDict):
    """
    How to replace the secret of a key.
    """

    keepFormerFor: NotRequired[int | Literal[""] | None]
    """
    For how many seconds the former secret stays valid: at most 604800, which is 7 days. An empty text counts as null.
    """


class Round(TypedDict):
    """
    An interview round.
    """

    created_at: str
    """
    When it was created.
    """
    id: str
    """
    The id of the round.
    """
    notes: str | None
    """
    Any text.
    """
    opportunity_id: str
    """
    The id of its opportunity.
    """
    result: Literal["pending", "cleared", "rejected", "skipped"]
    """
    The result of the round.
    """
    round_number: int
    """
    The number of the round, unique in its opportunity.
    """
    round_type: Literal[
        "resume_shortlisted",
        "oa",
        "assignment",
        "technical_assignment",
        "technical",
        "hr",
        "group_discussion",
        "managerial",
        "final",
        "other",
    ]
    """
    The kind of round; `oa` is an online assessment.
    """
    scheduled_date: str | None
    """
    The day of the round.
    """
    scheduled_time: str | None
    """
    The time of day.
    """
    updated_at: str
    """
    When it was last changed.
    """


class RoundChanges(TypedDict):
    """
    The fields to update; at least one. The others keep their values.
    """

    notes: NotRequired[str | None]
    """
    Any text. White space and invisible characters at both ends are removed. An empty text becomes null.
    """
    result: NotRequired[Literal["pending", "cleared", "rejected", "skipped"] | None]
    """
    The result of the round.
    """
    round_number: NotRequired[int | Literal[""] | None]
    """
    The number of the round, unique in its opportunity. An empty text counts as null.
    """
    round_type: NotRequired[
        Literal[
            "resume_shortlisted",
            "oa",
            "assignment",
            "technical_assignment",
            "technical",
            "hr",
            "group_discussion",
            "managerial",
            "final",
            "other",
        ]
    ]
    """
    The kind of round; `oa` is an online assessment.
    """
    scheduled_date: NotRequired[str | Literal[""] | date_aliased | None]
    """
    The day of the round. A date-time is accepted too and keeps its date as written. An empty text counts as null.
    """
    scheduled_time: NotRequired[str | Literal[""] | None]
    """
    The time of day. An empty text counts as null.
    """


class Stage(TypedDict):
    """
    The number of opportunities that reached a stage.
    """

    count: int
    """
    How many reached the stage.
    """
    percentage: float
    """
    The percentage of opportunities that reached the stage.
    """
    stage: Literal["Applied", "Shortlisted", "Interviewed", "Selected"]
    """
    The stage.
    """


class StatusConflict(TypedDict):
    """
    The interview rounds contradict the status that the user has set.
    """

    message: str
    """
    A message for the user.
    """
    roundsStatus: Literal["shortlisted", "interviewed", "selected", "rejected"]
    """
    The status that follows from the interview rounds.
    """


class StatusCounts(TypedDict):
    """
    The number of opportunities with each status.
    """

    accepted: int
    """
    With status `accepted`.
    """
    applied: int
    """
    With status `applied`.
    """
    ghosted: int
    """
    With status `ghosted`.
    """
    interviewed: int
    """
    With status `interviewed`.
    """
    offer: int
    """
    With status `offer`.
    """
    rejected: int
    """
    With status `rejected`.
    """
    saved: int
    """
    With status `saved`.
    """
    selected: int
    """
    With status `selected`.
    """
    shortlisted: int
    """
    With status `shortlisted`.
    """
    withdrawn: int
    """
    With status `withdrawn`.
    """


class Titled(TypedDict):
    """
    An opportunity, by its id and title.
    """

    id: str
    """
    The id of the opportunity.
    """
    title: str
    """
    Its title; after an update the new one.
    """


class TrashedOpportunity(TypedDict):
    """
    An opportunity in the trash, as it was when it was deleted.
    """

    applied_on: str | None
    """
    The day of the application to an internship.
    """
    campus_mode: Literal["on_campus", "off_campus"] | None
    """
    Whether the opportunity was found on campus.
    """
    category: Literal["internship", "hackathon"] | None
    """
    The kind.
    """
    company: str | None
    """
    The company or the host.
    """
    contact: str | None
    """
    Whom to ask.
    """
    created_at: str
    """
    When it was created.
    """
    current_round_number: int | None
    """
    The number of the first pending round; null if there is none.
    """
    deadline: str | None
    """
    The last day to apply.
    """
    deleted_at: str
    """
    When it was deleted.
    """
    description: str | None
    """
    Any text.
    """
    expires_at: str
    """
    Until when it can be restored.
    """
    id: str
    """
    The id of the opportunity.
    """
    link: str | None
    """
    An http or https URL.
    """
    location: str | None
    """
    Where it is.
    """
    notes: str | None
    """
    Any text.
    """
    pay: str | None
    """
    What it pays.
    """
    rejected_round_number: int | None
    """
    The number of the first rejected round; null if there is none.
    """
    status: Literal[
        "applied",
        "interviewed",
        "shortlisted",
        "selected",
        "rejected",
        "ghosted",
        "saved",
        "offer",
        "accepted",
        "withdrawn",
    ]
    """
    How far the application has come.
    """
    statusConflict: StatusConflict | None
    """
    Null unless the status contradicts the interview rounds of the internship.
    """
    tags: list[str]
    """
    At most 20 texts of at most 50 characters, without commas or semicolons. One that differs only in case is the same.
    """
    time_zone: str | None
    """
    The IANA time zone of the deadline and of the interview rounds.
    """
    title: str
    """
    The title, such as the position or the event.
    """
    updated_at: str
    """
    When it or one of its rounds was last changed.
    """
    user_id: str
    """
    The internal id of its user.
    """


class UpcomingRound(TypedDict):
    """
    A pending round that has a date.
    """

    id: str
    """
    The id of the round.
    """
    opportunityId: str
    """
    The old name of `opportunity_id`.
    """
    opportunityTitle: str
    """
    The old name of `opportunity_title`.
    """
    opportunity_id: str
    """
    The id of its opportunity.
    """
    opportunity_title: str
    """
    The title of its opportunity.
    """
    result: Literal["pending"]
    """
    Always `pending`.
    """
    roundNumber: int
    """
    The old name of `round_number`.
    """
    roundType: Literal[
        "resume_shortlisted",
        "oa",
        "assignment",
        "technical_assignment",
        "technical",
        "hr",
        "group_discussion",
        "managerial",
        "final",
        "other",
    ]
    """
    The old name of `round_type`.
    """
    round_number: int
    """
    The number of the round.
    """
    round_type: Literal[
        "resume_shortlisted",
        "oa",
        "assignment",
        "technical_assignment",
        "technical",
        "hr",
        "group_discussion",
        "managerial",
        "final",
        "other",
    ]
    """
    The kind of round.
    """
    scheduledDate: str
    """
    The old name of `scheduled_date`.
    """
    scheduledTime: str | None
    """
    The old name of `scheduled_time`.
    """
    scheduled_date: str
    """
    The day of the round.
    """
    scheduled_time: str | None
    """
    The time of day.
    """
    time_zone: str | None
    """
    The IANA time zone of the day and the time, as its opportunity has it, or null.
    """


class UpdateOperation(TypedDict):
    """
    Update some fields of an opportunity.
    """

    id: str
    """
    The id of the opportunity.
    """
    op: Literal["update"]
    """
    What to do.
    """
    values: OpportunityChanges
    """
    The fields to update; at least one.
    """


class Week(TypedDict):
    """
    The number of opportunities created in one week.
    """

    count: int
    """
    How many were created in this week.
    """
    week: Literal["W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8"]
    """
    The name of the week; W8 is the current one.
    """
    weekStart: str
    """
    The first day of the week, a Sunday.
    """


class AccountOpportunity(TypedDict):
    """
    An opportunity with its interview rounds.
    """

    applied_on: str | None
    """
    The day of the application to an internship.
    """
    campus_mode: Literal["on_campus", "off_campus"] | None
    """
    Whether the opportunity was found on campus.
    """
    category: Literal["internship", "hackathon"] | None
    """
    The kind.
    """
    company: str | None
    """
    The company or the host.
    """
    contact: str | None
    """
    Whom to ask.
    """
    created_at: str
    """
    When it was created.
    """
    deadline: str | None
    """
    The last day to apply.
    """
    description: str | None
    """
    Any text.
    """
    id: str
    """
    The id of the opportunity.
    """
    link: str | None
    """
    An http or https URL.
    """
    location: str | None
    """
    Where it is.
    """
    notes: str | None
    """
    Any text.
    """
    pay: str | None
    """
    What it pays.
    """
    rounds: list[Round]
    """
    Its interview rounds.
    """
    status: Literal[
        "applied",
        "interviewed",
        "shortlisted",
        "selected",
        "rejected",
        "ghosted",
        "saved",
        "offer",
        "accepted",
        "withdrawn",
    ]
    """
    How far the application has come.
    """
    tags: list[str]
    """
    At most 20 texts of at most 50 characters, without commas or semicolons. One that differs only in case is the same.
    """
    time_zone: str | None
    """
    The IANA time zone of the deadline and of the interview rounds.
    """
    title: str
    """
    The title, such as the position or the event.
    """
    updated_at: str
    """
    When it or one of its rounds was last changed.
    """


class AccountTrash(TypedDict):
    """
    An opportunity in the trash, as it was when it was deleted.
    """

    applied_on: str | None
    """
    The day of the application to an internship.
    """
    campus_mode: Literal["on_campus", "off_campus"] | None
    """
    Whether the opportunity was found on campus.
    """
    category: Literal["internship", "hackathon"] | None
    """
    The kind.
    """
    company: str | None
    """
    The company or the host.
    """
    contact: str | None
    """
    Whom to ask.
    """
    created_at: str
    """
    When it was created.
    """
    deadline: str | None
    """
    The last day to apply.
    """
    deleted_at: str
    """
    When it was deleted.
    """
    description: str | None
    """
    Any text.
    """
    expires_at: str
    """
    Until when it can be restored.
    """
    id: str
    """
    The id of the opportunity.
    """
    link: str | None
    """
    An http or https URL.
    """
    location: str | None
    """
    Where it is.
    """
    notes: str | None
    """
    Any text.
    """
    pay: str | None
    """
    What it pays.
    """
    rounds: list[Round]
    """
    Its interview rounds.
    """
    status: Literal[
        "applied",
        "interviewed",
        "shortlisted",
        "selected",
        "rejected",
        "ghosted",
        "saved",
        "offer",
        "accepted",
        "withdrawn",
    ]
    """
    How far the application has come.
    """
    tags: list[str]
    """
    At most 20 texts of at most 50 characters, without commas or semicolons. One that differs only in case is the same.
    """
    time_zone: str | None
    """
    The IANA time zone of the deadline and of the interview rounds.
    """
    title: str
    """
    The title, such as the position or the event.
    """
    updated_at: str
    """
    When it or one of its rounds was last changed.
    """


class Activity(TypedDict):
    """
    Something that the user has done, or that was done to the account.
    """

    action: str
    """
    What was done.
    """
    at: str
    """
    When it was done.
    """
    changes: list[FieldChange]
    """
    The fields that an update changed, by name.
    """
    client: str | None
    """
    What it was done with: `web`, `extension`, `app`, `key`, `import`, `operator` for a command, or `watch` for the anomaly detection. Null if that was not recorded.
    """
    details: dict[str, Any]
    """
    Such as the title.
    """
    keyId: str | None
    """
    The id of the API key; null for other clients.
    """
    resourceId: str | None
    """
    The id of the opportunity, the round or the account; null if it is about several.
    """


class ApiKey(TypedDict):
    """
    An API key, without its secret.
    """

    algorithm: Literal["ed25519", "hmac-sha256"] | None
    """
    The algorithm of signed requests; null for a key that is a bearer.
    """
    allowedNetworks: list[str]
    """
    The networks that it works from, at most 10; none means everywhere.
    """
    createdAt: str
    """
    When it was created.
    """
    expiresAt: str | None
    """
    When it stops working; null if it does not expire.
    """
    formerSecretValidUntil: str | None
    """
    Until when the former secret is valid; null if there is none.
    """
    id: str
    """
    The id of the key, 12 letters and digits.
    """
    lastUsed: LastUse | None
    """
    The last use; null if it was never used.
    """
    name: str
    """
    A name, to recognise the key by.
    """
    prefix: str
    """
    The beginning of the secret, up to the id.
    """
    scopes: list[Literal["opportunities:read", "opportunities:write", "account:read"]]
    """
    What it may do.
    """
    signedOnly: bool
    """
    Whether it works only for signed requests, never as a bearer.
    """
    suspendedAt: str | None
    """
    When the operator suspended the key, which refuses it; null if it is not suspended.
    """


class ApiKeyWithSecret(TypedDict):
    """
    An API key with its secret, which the service shows only this once.
    """

    algorithm: Literal["ed25519", "hmac-sha256"] | None
    """
    The algorithm of signed requests; null for a key that is a bearer.
    """
    allowedNetworks: list[str]
    """
    The networks that it works from, at most 10; none means everywhere.
    """
    createdAt: str
    """
    When it was created.
    """
    expiresAt: str | None
    """
    When it stops working; null if it does not expire.
    """
    formerSecretValidUntil: str | None
    """
    Until when the former secret is valid; null if there is none.
    """
    id: str
    """
    The id of the key, 12 letters and digits.
    """
    lastUsed: LastUse | None
    """
    The last use; null if it was never used.
    """
    name: str
    """
    A name, to recognise the key by.
    """
    prefix: str
    """
    The beginning of the secret, up to the id.
    """
    scopes: list[Literal["opportunities:read", "opportunities:write", "account:read"]]
    """
    What it may do.
    """
    secret: str | None
    """
    The secret, which only this response has; null for a key with a public key.
    """
    signedOnly: bool
    """
    Whether it works only for signed requests, never as a bearer.
    """
    suspendedAt: str | None
    """
    When the operator suspended the key, which refuses it; null if it is not suspended.
    """


class ChangedOpportunities(TypedDict):
    """
    The opportunities that were changed or deleted, or would be.
    """

    count: int
    """
    How many match. One request changes at most 1000; a dry run counts all.
    """
    dryRun: bool
    """
    Whether nothing was changed.
    """
    opportunities: list[Titled]
    """
    The newest of them, at most 100.
    """


class CreateOperation(TypedDict):
    """
    Create an opportunity.
    """

    op: Literal["create"]
    """
    What to do.
    """
    values: NewOpportunity
    """
    The new opportunity. Only the title is required.
    """


class CreatedOpportunity(TypedDict):
    """
    A new opportunity.
    """

    applied_on: str | None
    """
    The day of the application to an internship.
    """
    campus_mode: Literal["on_campus", "off_campus"] | None
    """
    Whether the opportunity was found on campus.
    """
    category: Literal["internship", "hackathon"] | None
    """
    The kind.
    """
    company: str | None
    """
    The company or the host.
    """
    contact: str | None
    """
    Whom to ask.
    """
    created_at: str
    """
    When it was created.
    """
    current_round_number: int | None
    """
    The number of the first pending round; null if there is none.
    """
    deadline: str | None
    """
    The last day to apply.
    """
    description: str | None
    """
    Any text.
    """
    id: str
    """
    The id of the opportunity.
    """
    link: str | None
    """
    An http or https URL.
    """
    location: str | None
    """
    Where it is.
    """
    notes: str | None
    """
    Any text.
    """
    pay: str | None
    """
    What it pays.
    """
    possibleDuplicates: NotRequired[list[PossibleDuplicate]]
    """
    The newest opportunities with the same link, or the same title and company. Absent if there is none. It is a hint: the opportunity was created.
    """
    rejected_round_number: int | None
    """
    The number of the first rejected round; null if there is none.
    """
    status: Literal[
        "applied",
        "interviewed",
        "shortlisted",
        "selected",
        "rejected",
        "ghosted",
        "saved",
        "offer",
        "accepted",
        "withdrawn",
    ]
    """
    How far the application has come.
    """
    statusConflict: StatusConflict | None
    """
    Null unless the status contradicts the interview rounds of the internship.
    """
    tags: list[str]
    """
    At most 20 texts of at most 50 characters, without commas or semicolons. One that differs only in case is the same.
    """
    time_zone: str | None
    """
    The IANA time zone of the deadline and of the interview rounds.
    """
    title: str
    """
    The title, such as the position or the event.
    """
    updated_at: str
    """
    When it or one of its rounds was last changed.
    """
    user_id: str
    """
    The internal id of its user.
    """


class ExportedOpportunity(TypedDict):
    """
    An opportunity in a file.
    """

    applied_on: str | None
    """
    The day of the application to an internship.
    """
    campus_mode: Literal["on_campus", "off_campus"] | None
    """
    Whether the opportunity was found on campus.
    """
    category: Literal["internship", "hackathon"] | None
    """
    The kind.
    """
    company: str | None
    """
    The company or the host.
    """
    contact: str | None
    """
    Whom to ask.
    """
    created_at: str
    """
    When it was created.
    """
    deadline: str | None
    """
    The last day to apply.
    """
    description: str | None
    """
    Any text.
    """
    history: NotRequired[list[HistoryEntry]]
    """
    Its changes, newest first; only with `include=history`.
    """
    id: str
    """
    The id of the opportunity.
    """
    link: str | None
    """
    An http or https URL.
    """
    location: str | None
    """
    Where it is.
    """
    notes: str | None
    """
    Any text.
    """
    pay: str | None
    """
    What it pays.
    """
    rounds: NotRequired[list[Round]]
    """
    Its interview rounds; only with `include=rounds`.
    """
    status: Literal[
        "applied",
        "interviewed",
        "shortlisted",
        "selected",
        "rejected",
        "ghosted",
        "saved",
        "offer",
        "accepted",
        "withdrawn",
    ]
    """
    How far the application has come.
    """
    tags: list[str]
    """
    At most 20 texts of at most 50 characters, without commas or semicolons. One that differs only in case is the same.
    """
    time_zone: str | None
    """
    The IANA time zone of the deadline and of the interview rounds.
    """
    title: str
    """
    The title, such as the position or the event.
    """
    updated_at: str
    """
    When it or one of its rounds was last changed.
    """


class ImportResult(TypedDict):
    """
    What became of the lines of a file.
    """

    created: int
    """
    How many opportunities were created.
    """
    dryRun: bool
    """
    Whether nothing was changed.
    """
    errors: list[FieldError]
    """
    What is wrong with the invalid lines, at most 100 entries.
    """
    failed: int
    """
    How many lines are invalid.
    """
    ignoredColumns: list[str]
    """
    The columns that have no meaning here.
    """
    lines: list[ImportedLine]
    """
    Each line that is valid, in order.
    """
    skipped: int
    """
    How many lines were skipped, as duplicates.
    """
    updated: int
    """
    How many opportunities were updated.
    """


class Opportunity(TypedDict):
    """
    An opportunity.
    """

    applied_on: str | None
    """
    The day of the application to an internship.
    """
    campus_mode: Literal["on_campus", "off_campus"] | None
    """
    Whether the opportunity was found on campus.
    """
    category: Literal["internship", "hackathon"] | None
    """
    The kind.
    """
    company: str | None
    """
    The company or the host.
    """
    contact: str | None
    """
    Whom to ask.
    """
    created_at: str
    """
    When it was created.
    """
    current_round_number: int | None
    """
    The number of the first pending round; null if there is none.
    """
    deadline: str | None
    """
    The last day to apply.
    """
    description: str | None
    """
    Any text.
    """
    id: str
    """
    The id of the opportunity.
    """
    link: str | None
    """
    An http or https URL.
    """
    location: str | None
    """
    Where it is.
    """
    notes: str | None
    """
    Any text.
    """
    pay: str | None
    """
    What it pays.
    """
    rejected_round_number: int | None
    """
    The number of the first rejected round; null if there is none.
    """
    status: Literal[
        "applied",
        "interviewed",
        "shortlisted",
        "selected",
        "rejected",
        "ghosted",
        "saved",
        "offer",
        "accepted",
        "withdrawn",
    ]
    """
    How far the application has come.
    """
    statusConflict: StatusConflict | None
    """
    Null unless the status contradicts the interview rounds of the internship.
    """
    tags: list[str]
    """
    At most 20 texts of at most 50 characters, without commas or semicolons. One that differs only in case is the same.
    """
    time_zone: str | None
    """
    The IANA time zone of the deadline and of the interview rounds.
    """
    title: str
    """
    The title, such as the position or the event.
    """
    updated_at: str
    """
    When it or one of its rounds was last changed.
    """
    user_id: str
    """
    The internal id of its user.
    """


class OpportunityPage(TypedDict):
    """
    A page of opportunities.
    """

    items: list[Opportunity]
    """
    The opportunities of this page.
    """
    nextCursor: str | None
    """
    The `cursor` of the next page; null on the last page.
    """
    total: NotRequired[int]
    """
    How many opportunities match; only with `include=total`.
    """


class PipelineAnalytics(TypedDict):
    """
    How far internships get in their interview rounds.
    """

    activeInPipeline: int
    """
    How many internships are applied, shortlisted or interviewed, with or without rounds.
    """
    averageRoundsBeforeRejection: float | None
    """
    The mean `roundNumber` of the rejections that have one, with one decimal; null if none has one.
    """
    funnelByRoundType: list[FunnelOfType]
    """
    Results by type, the most frequent first.
    """
    internshipCount: int
    """
    The number of internships.
    """
    rejectedCount: int
    """
    How many internships are rejected, with or without rounds.
    """
    rejectionByRoundNumber: list[RejectionsOfNumber]
    """
    Rejections by round number.
    """
    rejectionByRoundType: list[RejectionsOfType]
    """
    Rejections by type, the most frequent first.
    """
    rejections: list[Rejection]
    """
    Every rejected internship, by round number (null last), then by title, ignoring case.
    """
    stageReachByRoundNumber: list[ReachOfNumber]
    """
    Internships by round number.
    """
    trackedWithRounds: int
    """
    How many internships have rounds.
    """


class RoundChanged(TypedDict):
    """
    A round that was added or changed, with its opportunity and all rounds.
    """

    opportunity: Opportunity
    """
    The opportunity, with the status that follows from its rounds.
    """
    round: Round
    """
    The round itself.
    """
    rounds: list[Round]
    """
    All rounds of the opportunity, by number.
    """


class RoundDeleted(TypedDict):
    """
    Confirms the deletion of a round, with its opportunity and the remaining rounds.
    """

    message: str
    """
    A message for the user.
    """
    opportunity: Opportunity
    """
    The opportunity, with the status that follows from its rounds.
    """
    rounds: list[Round]
    """
    All rounds of the opportunity, by number.
    """
    success: bool
    """
    Always true.
    """


class TrashPage(TypedDict):
    """
    A page of the trash.
    """

    items: list[TrashedOpportunity]
    """
    The opportunities of this page.
    """
    nextCursor: str | None
    """
    The `cursor` of the next page; null on the last page.
    """


class AccountExport(TypedDict):
    """
    Everything that the service stores about a user.
    """

    account: ExportedAccount
    """
    The user.
    """
    activity: list[Activity]
    """
    What was done, the newest first.
    """
    apiKeys: list[ApiKey]
    """
    The API keys, without their secrets.
    """
    opportunities: list[AccountOpportunity]
    """
    The opportunities, the newest first.
    """
    trash: list[AccountTrash]
    """
    The trash, the opportunity that was deleted last first.
    """


class Analytics(TypedDict):
    """
    Counts over the opportunities of the user. Days, weeks and months are in `time_zone`.
    """

    campusModeCounts: CampusModeCounts
    """
    Opportunities by campus mode.
    """
    categoryCounts: CategoryCounts
    """
    Opportunities by category.
    """
    deadlineDistribution: list[DeadlineDay]
    """
    The deadlines of hackathons and of saved internships on the next 30 days, from today on.
    """
    funnelData: list[Stage]
    """
    The four stages.
    """
    metrics: Metrics
    """
    Rates.
    """
    monthlyBreakdown: list[Month]
    """
    The last 6 months, ending with the current one.
    """
    pipelineAnalytics: PipelineAnalytics
    """
    The interview rounds of internships.
    """
    statusCounts: StatusCounts
    """
    Opportunities by status.
    """
    total: int
    """
    The number of opportunities.
    """
    weeklyBreakdown: list[Week]
    """
    The last 8 weeks, ending with the current one.
    """


Operations: TypeAlias = CreateOperation | UpdateOperation | DeleteOperation


class Batch(TypedDict):
    """
    Operations that are carried out together.
    """

    atomic: NotRequired[bool]
    """
    Whether nothing is changed if one operation fails.
    """
    operations: list[Operations]
    """
    What to do, in this order; at most 100 operations.
    """


class OperationResult(TypedDict):
    """
    The result of one operation, as if it had been a request of its own.
    """

    error: OperationError | None
    """
    Null if the operation was carried out.
    """
    id: str | None
    """
    The id of the opportunity; null if none was created.
    """
    op: Literal["create", "update", "delete"]
    """
    The operation.
    """
    opportunity: Opportunity | None
    """
    The opportunity after the change; null if it was deleted, or not changed.
    """
    status: int
    """
    The HTTP status: 200, 201, 400 or 404.
    """


class BatchResults(TypedDict):
    """
    The results of the operations, in the order of the request.
    """

    results: list[OperationResult]
    """
    One result for each operation.
    """
