"""One method for each operation of the API, for both clients.

Generated from the OpenAPI document by clients/generate.py. Do not edit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date
from typing import Any, BinaryIO, Literal, Unpack, cast

from futuretracker_client import types
from futuretracker_client._downloads import AsyncDownload, Download
from futuretracker_client._protocol import Request, bytes_of, segment


class Operations:
    """One method for each operation of the API."""

    def _send(self, request: Request) -> Any:
        raise NotImplementedError

    def _items(self, request: Request) -> Iterator[Any]:
        raise NotImplementedError

    def get_analytics(
        self,
        *,
        from_: str | date | None = None,
        to: str | date | None = None,
        time_zone: str | None = None,
    ) -> types.Analytics:
        """Get the analytics.

        Returns totals, rates, counts by week and month, deadlines, a funnel of the stages, the campus
        modes and the interview rounds. `from` and `to` choose the opportunities by the day on which
        they were created. Days are in UTC, or in `time_zone`.
        """
        return cast(
            "types.Analytics",
            self._send(
                Request(
                    "GET",
                    "/api/v1/analytics",
                    query={"from": from_, "to": to, "time_zone": time_zone},
                )
            ),
        )

    def list_api_keys(self) -> list[types.ApiKey]:
        """List the API keys.

        Returns all keys of the user, the newest first, without their secrets. Of the keys that have
        expired, the last ten are kept.
        """
        return cast("list[types.ApiKey]", self._send(Request("GET", "/api/v1/api-keys")))

    def create_api_key(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.NewApiKey]
    ) -> types.ApiKeyWithSecret:
        """Create an API key.

        The response is the only one that has the `secret`. A user may have ten keys that have not
        expired; one more is a 409 with the code `too_many_api_keys`.
        """
        return cast(
            "types.ApiKeyWithSecret",
            self._send(
                Request(
                    "POST",
                    "/api/v1/api-keys",
                    headers={"Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    def update_api_key(
        self,
        key_id: str,
        /,
        *,
        idempotency_key: str | None = None,
        **body: Unpack[types.ApiKeyChanges],
    ) -> types.ApiKey:
        """Rename or narrow an API key.

        Updates the fields that are sent and keeps the others, everywhere within two seconds. A change
        that would give the key more rights is a 400 with the code `wider` for each of its fields.
        """
        return cast(
            "types.ApiKey",
            self._send(
                Request(
                    "PATCH",
                    f"/api/v1/api-keys/{segment(key_id)}",
                    headers={"Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    def delete_api_key(
        self, key_id: str, /, *, idempotency_key: str | None = None
    ) -> types.ApiKeyDeleted:
        """Revoke an API key.

        Deletes the key for good. It stops working everywhere within two seconds.
        """
        return cast(
            "types.ApiKeyDeleted",
            self._send(
                Request(
                    "DELETE",
                    f"/api/v1/api-keys/{segment(key_id)}",
                    headers={"Idempotency-Key": idempotency_key},
                )
            ),
        )

    def rotate_api_key(
        self, key_id: str, /, *, idempotency_key: str | None = None, **body: Unpack[types.Rotation]
    ) -> types.ApiKeyWithSecret:
        """Replace the secret of an API key.

        The former secret stays valid for `keepFormerFor` seconds. After that it stops working within
        two seconds. A secret that an earlier rotation has replaced stops working at once. A key with a
        public key has no secret: that is a 409 with the code `no_secret`.
        """
        return cast(
            "types.ApiKeyWithSecret",
            self._send(
                Request(
                    "POST",
                    f"/api/v1/api-keys/{segment(key_id)}/rotate",
                    headers={"Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    def get_health(self) -> types.Health:
        """Check that the service responds.

        Public. Does not check any dependency.
        """
        return cast("types.Health", self._send(Request("GET", "/api/v1/health", is_public=True)))

    def get_dependencies(self) -> types.Dependencies:
        """Check the dependencies of the service.

        Public. Returns 503 if the database is unavailable or accepts no changes (`read_only`), and if
        the store of the rate limits is unavailable.
        """
        return cast(
            "types.Dependencies",
            self._send(Request("GET", "/api/v1/health/deps", is_public=True, statuses=(200, 503))),
        )

    def get_me(self) -> types.Account:
        """Get the current user.

        Returns the ids of the user, and the e-mail address if it is known.
        """
        return cast("types.Account", self._send(Request("GET", "/api/v1/me")))

    def delete_account(self, *, idempotency_key: str | None = None) -> types.AccountDeletion:
        """Delete the account.

        The account and all that belongs to it is deleted at `deletionDueAt`, after a grace period of 30
        days, or of another number that the operator has set. Until then everything works as before, and
        `POST /me/restore` cancels the deletion. A repeated request does not move the time. The user at
        Clerk is not deleted.
        """
        return cast(
            "types.AccountDeletion",
            self._send(
                Request("DELETE", "/api/v1/me", headers={"Idempotency-Key": idempotency_key})
            ),
        )

    def export_account(self) -> Download:
        """Export the account.

        Returns what the service stores about the user as one JSON object: the account, the API keys
        without secrets, the opportunities with their interview rounds, the trash, and what the user has
        done. It arrives in parts; if the connection ends before the object does, send the request
        again. A change during the export may or may not be in it. The request counts as 20 in the rate
        limits.
        """
        return cast("Download", self._send(Request("GET", "/api/v1/me/export", is_download=True)))

    def restore_account(self, *, idempotency_key: str | None = None) -> types.AccountDeletion:
        """Cancel the deletion of the account.

        If nothing is to be cancelled, the response is a 409 with the code `account_not_deleted`.
        """
        return cast(
            "types.AccountDeletion",
            self._send(
                Request("POST", "/api/v1/me/restore", headers={"Idempotency-Key": idempotency_key})
            ),
        )

    def get_specification(self) -> dict[str, Any]:
        """Get this document.

        Public. The document is the same for everybody and changes only with a new version of the
        service, so caches may keep it for an hour.
        """
        return cast(
            "dict[str, Any]", self._send(Request("GET", "/api/v1/openapi.json", is_public=True))
        )

    def list_opportunities(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        sort: Literal[
            "created_at",
            "-created_at",
            "updated_at",
            "-updated_at",
            "title",
            "-title",
            "deadline",
            "-deadline",
        ]
        | None = None,
        status: Sequence[
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
        ]
        | None = None,
        category: Literal["internship", "hackathon"] | None = None,
        deadline_from: str | date | None = None,
        deadline_to: str | date | None = None,
        applied_on_from: str | date | None = None,
        applied_on_to: str | date | None = None,
        campus_mode: Literal["on_campus", "off_campus"] | None = None,
        company: str | None = None,
        location: str | None = None,
        tags: Sequence[str] | None = None,
        link: str | None = None,
        q: str | None = None,
        include: Literal["total"] | None = None,
    ) -> types.OpportunityPage:
        """List opportunities.

        Returns one page of the opportunities that match all filters. `nextCursor` and the `Link` header
        lead to the next page.
        """
        return cast(
            "types.OpportunityPage",
            self._send(
                Request(
                    "GET",
                    "/api/v1/opportunities",
                    query={
                        "limit": limit,
                        "cursor": cursor,
                        "sort": sort,
                        "status": status,
                        "category": category,
                        "deadline_from": deadline_from,
                        "deadline_to": deadline_to,
                        "applied_on_from": applied_on_from,
                        "applied_on_to": applied_on_to,
                        "campus_mode": campus_mode,
                        "company": company,
                        "location": location,
                        "tags": tags,
                        "link": link,
                        "q": q,
                        "include": include,
                    },
                )
            ),
        )

    def all_opportunities(
        self,
        *,
        limit: int | None = None,
        sort: Literal[
            "created_at",
            "-created_at",
            "updated_at",
            "-updated_at",
            "title",
            "-title",
            "deadline",
            "-deadline",
        ]
        | None = None,
        status: Sequence[
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
        ]
        | None = None,
        category: Literal["internship", "hackathon"] | None = None,
        deadline_from: str | date | None = None,
        deadline_to: str | date | None = None,
        applied_on_from: str | date | None = None,
        applied_on_to: str | date | None = None,
        campus_mode: Literal["on_campus", "off_campus"] | None = None,
        company: str | None = None,
        location: str | None = None,
        tags: Sequence[str] | None = None,
        link: str | None = None,
        q: str | None = None,
        include: Literal["total"] | None = None,
    ) -> Iterator[types.Opportunity]:
        """Read all pages of ``list_opportunities``, one item at a time."""
        cursor: str | None = None
        while True:
            page = self.list_opportunities(
                limit=limit or 100,
                cursor=cursor,
                sort=sort,
                status=status,
                category=category,
                deadline_from=deadline_from,
                deadline_to=deadline_to,
                applied_on_from=applied_on_from,
                applied_on_to=applied_on_to,
                campus_mode=campus_mode,
                company=company,
                location=location,
                tags=tags,
                link=link,
                q=q,
                include=include,
            )
            yield from page["items"]
            cursor = page["nextCursor"]
            if not cursor:
                return

    def create_opportunity(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.NewOpportunity]
    ) -> types.CreatedOpportunity:
        """Create an opportunity.

        Only the title is required. The status is `applied` unless the client sends another. If the
        user has opportunities with the same link, or the same title and company, the response of v1
        names them as `possibleDuplicates`.
        """
        return cast(
            "types.CreatedOpportunity",
            self._send(
                Request(
                    "POST",
                    "/api/v1/opportunities",
                    headers={"Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    def update_opportunities(
        self,
        body: types.OpportunityChanges,
        /,
        *,
        status: Sequence[
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
        ]
        | None = None,
        category: Literal["internship", "hackathon"] | None = None,
        deadline_from: str | date | None = None,
        deadline_to: str | date | None = None,
        applied_on_from: str | date | None = None,
        applied_on_to: str | date | None = None,
        campus_mode: Literal["on_campus", "off_campus"] | None = None,
        company: str | None = None,
        location: str | None = None,
        tags: Sequence[str] | None = None,
        link: str | None = None,
        q: str | None = None,
        all: bool | None = None,
        dry_run: bool | None = None,
        idempotency_key: str | None = None,
    ) -> types.ChangedOpportunities:
        """Update all opportunities that match.

        Sets the fields that are sent in every opportunity that matches all filters, or in none if more
        than 1,000 match. With `dry_run=true` the response says what would be changed. The request
        counts as one write in the rate limits.
        """
        return cast(
            "types.ChangedOpportunities",
            self._send(
                Request(
                    "PATCH",
                    "/api/v1/opportunities",
                    query={
                        "status": status,
                        "category": category,
                        "deadline_from": deadline_from,
                        "deadline_to": deadline_to,
                        "applied_on_from": applied_on_from,
                        "applied_on_to": applied_on_to,
                        "campus_mode": campus_mode,
                        "company": company,
                        "location": location,
                        "tags": tags,
                        "link": link,
                        "q": q,
                        "all": all,
                        "dry_run": dry_run,
                    },
                    headers={"Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    def delete_opportunities(
        self,
        *,
        status: Sequence[
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
        ]
        | None = None,
        category: Literal["internship", "hackathon"] | None = None,
        deadline_from: str | date | None = None,
        deadline_to: str | date | None = None,
        applied_on_from: str | date | None = None,
        applied_on_to: str | date | None = None,
        campus_mode: Literal["on_campus", "off_campus"] | None = None,
        company: str | None = None,
        location: str | None = None,
        tags: Sequence[str] | None = None,
        link: str | None = None,
        q: str | None = None,
        all: bool | None = None,
        dry_run: bool | None = None,
        permanent: bool | None = None,
        idempotency_key: str | None = None,
    ) -> types.ChangedOpportunities:
        """Delete all opportunities that match.

        Moves every opportunity that matches all filters to the trash, with its interview rounds, or
        none if more than 1,000 match. With `permanent=true` they are deleted for good. With
        `dry_run=true` the response says what would be deleted. The request counts as one write in the
        rate limits.
        """
        return cast(
            "types.ChangedOpportunities",
            self._send(
                Request(
                    "DELETE",
                    "/api/v1/opportunities",
                    query={
                        "status": status,
                        "category": category,
                        "deadline_from": deadline_from,
                        "deadline_to": deadline_to,
                        "applied_on_from": applied_on_from,
                        "applied_on_to": applied_on_to,
                        "campus_mode": campus_mode,
                        "company": company,
                        "location": location,
                        "tags": tags,
                        "link": link,
                        "q": q,
                        "all": all,
                        "dry_run": dry_run,
                        "permanent": permanent,
                    },
                    headers={"Idempotency-Key": idempotency_key},
                )
            ),
        )

    def batch_opportunities(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.Batch]
    ) -> types.BatchResults:
        """Create, update and delete several opportunities.

        Carries out up to 100 operations, all or none of them. With `"atomic": false` each operation
        succeeds or fails by itself, and its result says so. Each operation counts as one write in the
        rate limits. No two operations may have the same id.
        """
        return cast(
            "types.BatchResults",
            self._send(
                Request(
                    "POST",
                    "/api/v1/opportunities/batch",
                    headers={"Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    def export_opportunities(
        self,
        *,
        status: Sequence[
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
        ]
        | None = None,
        category: Literal["internship", "hackathon"] | None = None,
        deadline_from: str | date | None = None,
        deadline_to: str | date | None = None,
        applied_on_from: str | date | None = None,
        applied_on_to: str | date | None = None,
        campus_mode: Literal["on_campus", "off_campus"] | None = None,
        company: str | None = None,
        location: str | None = None,
        tags: Sequence[str] | None = None,
        link: str | None = None,
        q: str | None = None,
        include: Sequence[Literal["rounds", "history"]] | None = None,
        format: Literal["csv", "json", "xlsx"] | None = None,
    ) -> Download:
        """Export opportunities.

        Returns all opportunities that match all filters as a file, newest first: CSV, JSON or XLSX. The
        file arrives in parts; if the connection ends before the file does, send the request again. A
        change during the export may or may not be in the file. The request counts as 20 in the rate
        limits.
        """
        return cast(
            "Download",
            self._send(
                Request(
                    "GET",
                    "/api/v1/opportunities/export",
                    query={
                        "status": status,
                        "category": category,
                        "deadline_from": deadline_from,
                        "deadline_to": deadline_to,
                        "applied_on_from": applied_on_from,
                        "applied_on_to": applied_on_to,
                        "campus_mode": campus_mode,
                        "company": company,
                        "location": location,
                        "tags": tags,
                        "link": link,
                        "q": q,
                        "include": include,
                        "format": format,
                    },
                    is_download=True,
                )
            ),
        )

    def import_opportunities(
        self,
        file: bytes | BinaryIO,
        /,
        *,
        content_type: Literal[
            "application/json",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "text/csv",
        ],
        dry_run: bool | None = None,
        duplicates: Literal["skip", "update", "keep"] | None = None,
        atomic: bool | None = None,
        dates: Literal["day_first", "month_first"] | None = None,
        idempotency_key: str | None = None,
    ) -> types.ImportResult:
        """Import opportunities from a file.

        Reads CSV, XLSX or JSON of at most 5 MiB and 10,000 lines, also exports of this and of other
        services, with their interview rounds. All lines are imported, or none if one is invalid, unless
        `atomic=false` is given. The request counts as one write in the rate limits for each 50,000
        bytes, and one more.
        """
        return cast(
            "types.ImportResult",
            self._send(
                Request(
                    "POST",
                    "/api/v1/opportunities/import",
                    query={
                        "dry_run": dry_run,
                        "duplicates": duplicates,
                        "atomic": atomic,
                        "dates": dates,
                    },
                    headers={"Content-Type": content_type, "Idempotency-Key": idempotency_key},
                    content=bytes_of(file),
                )
            ),
        )

    def list_upcoming_rounds(
        self,
        *,
        from_: str | date | None = None,
        to: str | date | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> list[types.UpcomingRound]:
        """List upcoming interview rounds.

        Returns one page of the pending rounds of all internships that are scheduled from one day to
        another, the soonest first. A day without a time comes after the times of that day. The `Link`
        header leads to the next page; on the last page there is none.
        """
        return cast(
            "list[types.UpcomingRound]",
            self._send(
                Request(
                    "GET",
                    "/api/v1/opportunities/rounds/upcoming",
                    query={"from": from_, "to": to, "limit": limit, "cursor": cursor},
                )
            ),
        )

    def all_upcoming_rounds(
        self,
        *,
        from_: str | date | None = None,
        to: str | date | None = None,
        limit: int | None = None,
    ) -> Iterator[types.UpcomingRound]:
        """Read all pages of ``list_upcoming_rounds``, one item at a time."""
        request = Request(
            "GET",
            "/api/v1/opportunities/rounds/upcoming",
            query={"from": from_, "to": to, "limit": limit},
        )
        return cast("Iterator[types.UpcomingRound]", self._items(request))

    def list_trash(self, *, limit: int | None = None, cursor: str | None = None) -> types.TrashPage:
        """List the trash.

        Returns one page of the opportunities that can be restored, the one that was deleted last
        first. `nextCursor` and the `Link` header lead to the next page.
        """
        return cast(
            "types.TrashPage",
            self._send(
                Request(
                    "GET", "/api/v1/opportunities/trash", query={"limit": limit, "cursor": cursor}
                )
            ),
        )

    def all_trash(self, *, limit: int | None = None) -> Iterator[types.TrashedOpportunity]:
        """Read all pages of ``list_trash``, one item at a time."""
        cursor: str | None = None
        while True:
            page = self.list_trash(limit=limit or 100, cursor=cursor)
            yield from page["items"]
            cursor = page["nextCursor"]
            if not cursor:
                return

    def empty_trash(self, *, idempotency_key: str | None = None) -> types.Emptied:
        """Empty the trash.

        Deletes the opportunities in the trash for good, the oldest first, at most 1,000 in one request.
        `remaining` says how many are left.
        """
        return cast(
            "types.Emptied",
            self._send(
                Request(
                    "DELETE",
                    "/api/v1/opportunities/trash",
                    headers={"Idempotency-Key": idempotency_key},
                )
            ),
        )

    def get_opportunity(self, opportunity_id: str, /) -> types.Opportunity:
        """Get an opportunity.

        Returns the opportunity with all its fields.
        """
        return cast(
            "types.Opportunity",
            self._send(Request("GET", f"/api/v1/opportunities/{segment(opportunity_id)}")),
        )

    def put_opportunity(
        self,
        opportunity_id: str,
        /,
        *,
        if_match: str | None = None,
        if_none_match: str | None = None,
        idempotency_key: str | None = None,
        **body: Unpack[types.OpportunityChanges],
    ) -> types.Opportunity:
        """Update an opportunity.

        Updates the fields that are sent and keeps the others. Any status is kept, also one that
        contradicts the interview rounds. `PUT` does the same as `PATCH`, but with `If-None-Match: *` it
        creates an opportunity with this id, which the client makes.
        """
        return cast(
            "types.Opportunity",
            self._send(
                Request(
                    "PUT",
                    f"/api/v1/opportunities/{segment(opportunity_id)}",
                    headers={
                        "If-Match": if_match,
                        "If-None-Match": if_none_match,
                        "Idempotency-Key": idempotency_key,
                    },
                    body=body,
                    statuses=(200, 201),
                )
            ),
        )

    def update_opportunity(
        self,
        opportunity_id: str,
        /,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
        **body: Unpack[types.OpportunityChanges],
    ) -> types.Opportunity:
        """Update an opportunity.

        Updates the fields that are sent and keeps the others. Any status is kept, also one that
        contradicts the interview rounds. `PUT` does the same as `PATCH`, but with `If-None-Match: *` it
        creates an opportunity with this id, which the client makes.
        """
        return cast(
            "types.Opportunity",
            self._send(
                Request(
                    "PATCH",
                    f"/api/v1/opportunities/{segment(opportunity_id)}",
                    headers={"If-Match": if_match, "Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    def delete_opportunity(
        self,
        opportunity_id: str,
        /,
        *,
        permanent: bool | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.Deleted:
        """Delete an opportunity.

        Moves the opportunity with its interview rounds to the trash of v1, from which it can be
        restored.
        """
        return cast(
            "types.Deleted",
            self._send(
                Request(
                    "DELETE",
                    f"/api/v1/opportunities/{segment(opportunity_id)}",
                    query={"permanent": permanent},
                    headers={"If-Match": if_match, "Idempotency-Key": idempotency_key},
                )
            ),
        )

    def list_history(
        self, opportunity_id: str, /, *, limit: int | None = None, cursor: str | None = None
    ) -> types.HistoryPage:
        """List the changes of an opportunity.

        Returns one page of the changes of the opportunity and its rounds, the newest first: when, with
        which client, and which fields from which value to which. A deleted opportunity keeps its
        history. `nextCursor` and the `Link` header lead to the next page.
        """
        return cast(
            "types.HistoryPage",
            self._send(
                Request(
                    "GET",
                    f"/api/v1/opportunities/{segment(opportunity_id)}/history",
                    query={"limit": limit, "cursor": cursor},
                )
            ),
        )

    def all_history(
        self, opportunity_id: str, /, *, limit: int | None = None
    ) -> Iterator[types.HistoryEntry]:
        """Read all pages of ``list_history``, one item at a time."""
        cursor: str | None = None
        while True:
            page = self.list_history(opportunity_id, limit=limit or 100, cursor=cursor)
            yield from page["items"]
            cursor = page["nextCursor"]
            if not cursor:
                return

    def restore_opportunity(
        self, opportunity_id: str, /, *, idempotency_key: str | None = None
    ) -> types.Opportunity:
        """Restore an opportunity.

        Moves the opportunity with its interview rounds back from the trash. Everything is as it was,
        except for `updated_at` and the `ETag`. If there is another opportunity with this id meanwhile,
        the response is a 409 with the code `opportunity_id_taken`.
        """
        return cast(
            "types.Opportunity",
            self._send(
                Request(
                    "POST",
                    f"/api/v1/opportunities/{segment(opportunity_id)}/restore",
                    headers={"Idempotency-Key": idempotency_key},
                )
            ),
        )

    def list_rounds(self, opportunity_id: str, /) -> list[types.Round]:
        """List the interview rounds of an internship.

        Returns all rounds by number. An opportunity that is not an internship is a 400.
        """
        return cast(
            "list[types.Round]",
            self._send(Request("GET", f"/api/v1/opportunities/{segment(opportunity_id)}/rounds")),
        )

    def create_round(
        self,
        opportunity_id: str,
        /,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
        **body: Unpack[types.NewRound],
    ) -> types.RoundChanged:
        """Create an interview round.

        Without a number it becomes the last round. The status of the opportunity follows from its
        rounds. A number that is taken is a 409 with the code `round_number_taken`.
        """
        return cast(
            "types.RoundChanged",
            self._send(
                Request(
                    "POST",
                    f"/api/v1/opportunities/{segment(opportunity_id)}/rounds",
                    headers={"If-Match": if_match, "Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    def update_round(
        self,
        opportunity_id: str,
        round_id: str,
        /,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
        **body: Unpack[types.RoundChanges],
    ) -> types.RoundChanged:
        """Update an interview round.

        Updates the fields that are sent and keeps the others. The status of the opportunity follows
        from its rounds. A number that is taken is a 409 with the code `round_number_taken`.
        """
        return cast(
            "types.RoundChanged",
            self._send(
                Request(
                    "PATCH",
                    f"/api/v1/opportunities/{segment(opportunity_id)}/rounds/{segment(round_id)}",
                    headers={"If-Match": if_match, "Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    def delete_round(
        self,
        opportunity_id: str,
        round_id: str,
        /,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.RoundDeleted:
        """Delete an interview round.

        Returns the remaining rounds. The status of the opportunity follows from them.
        """
        return cast(
            "types.RoundDeleted",
            self._send(
                Request(
                    "DELETE",
                    f"/api/v1/opportunities/{segment(opportunity_id)}/rounds/{segment(round_id)}",
                    headers={"If-Match": if_match, "Idempotency-Key": idempotency_key},
                )
            ),
        )


class AsyncOperations:
    """One method for each operation of the API."""

    async def _send(self, request: Request) -> Any:
        raise NotImplementedError

    def _items(self, request: Request) -> AsyncIterator[Any]:
        raise NotImplementedError

    async def get_analytics(
        self,
        *,
        from_: str | date | None = None,
        to: str | date | None = None,
        time_zone: str | None = None,
    ) -> types.Analytics:
        """Get the analytics.

        Returns totals, rates, counts by week and month, deadlines, a funnel of the stages, the campus
        modes and the interview rounds. `from` and `to` choose the opportunities by the day on which
        they were created. Days are in UTC, or in `time_zone`.
        """
        return cast(
            "types.Analytics",
            await self._send(
                Request(
                    "GET",
                    "/api/v1/analytics",
                    query={"from": from_, "to": to, "time_zone": time_zone},
                )
            ),
        )

    async def list_api_keys(self) -> list[types.ApiKey]:
        """List the API keys.

        Returns all keys of the user, the newest first, without their secrets. Of the keys that have
        expired, the last ten are kept.
        """
        return cast("list[types.ApiKey]", await self._send(Request("GET", "/api/v1/api-keys")))

    async def create_api_key(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.NewApiKey]
    ) -> types.ApiKeyWithSecret:
        """Create an API key.

        The response is the only one that has the `secret`. A user may have ten keys that have not
        expired; one more is a 409 with the code `too_many_api_keys`.
        """
        return cast(
            "types.ApiKeyWithSecret",
            await self._send(
                Request(
                    "POST",
                    "/api/v1/api-keys",
                    headers={"Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    async def update_api_key(
        self,
        key_id: str,
        /,
        *,
        idempotency_key: str | None = None,
        **body: Unpack[types.ApiKeyChanges],
    ) -> types.ApiKey:
        """Rename or narrow an API key.

        Updates the fields that are sent and keeps the others, everywhere within two seconds. A change
        that would give the key more rights is a 400 with the code `wider` for each of its fields.
        """
        return cast(
            "types.ApiKey",
            await self._send(
                Request(
                    "PATCH",
                    f"/api/v1/api-keys/{segment(key_id)}",
                    headers={"Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    async def delete_api_key(
        self, key_id: str, /, *, idempotency_key: str | None = None
    ) -> types.ApiKeyDeleted:
        """Revoke an API key.

        Deletes the key for good. It stops working everywhere within two seconds.
        """
        return cast(
            "types.ApiKeyDeleted",
            await self._send(
                Request(
                    "DELETE",
                    f"/api/v1/api-keys/{segment(key_id)}",
                    headers={"Idempotency-Key": idempotency_key},
                )
            ),
        )

    async def rotate_api_key(
        self, key_id: str, /, *, idempotency_key: str | None = None, **body: Unpack[types.Rotation]
    ) -> types.ApiKeyWithSecret:
        """Replace the secret of an API key.

        The former secret stays valid for `keepFormerFor` seconds. After that it stops working within
        two seconds. A secret that an earlier rotation has replaced stops working at once. A key with a
        public key has no secret: that is a 409 with the code `no_secret`.
        """
        return cast(
            "types.ApiKeyWithSecret",
            await self._send(
                Request(
                    "POST",
                    f"/api/v1/api-keys/{segment(key_id)}/rotate",
                    headers={"Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    async def get_health(self) -> types.Health:
        """Check that the service responds.

        Public. Does not check any dependency.
        """
        return cast(
            "types.Health", await self._send(Request("GET", "/api/v1/health", is_public=True))
        )

    async def get_dependencies(self) -> types.Dependencies:
        """Check the dependencies of the service.

        Public. Returns 503 if the database is unavailable or accepts no changes (`read_only`), and if
        the store of the rate limits is unavailable.
        """
        return cast(
            "types.Dependencies",
            await self._send(
                Request("GET", "/api/v1/health/deps", is_public=True, statuses=(200, 503))
            ),
        )

    async def get_me(self) -> types.Account:
        """Get the current user.

        Returns the ids of the user, and the e-mail address if it is known.
        """
        return cast("types.Account", await self._send(Request("GET", "/api/v1/me")))

    async def delete_account(self, *, idempotency_key: str | None = None) -> types.AccountDeletion:
        """Delete the account.

        The account and all that belongs to it is deleted at `deletionDueAt`, after a grace period of 30
        days, or of another number that the operator has set. Until then everything works as before, and
        `POST /me/restore` cancels the deletion. A repeated request does not move the time. The user at
        Clerk is not deleted.
        """
        return cast(
            "types.AccountDeletion",
            await self._send(
                Request("DELETE", "/api/v1/me", headers={"Idempotency-Key": idempotency_key})
            ),
        )

    async def export_account(self) -> AsyncDownload:
        """Export the account.

        Returns what the service stores about the user as one JSON object: the account, the API keys
        without secrets, the opportunities with their interview rounds, the trash, and what the user has
        done. It arrives in parts; if the connection ends before the object does, send the request
        again. A change during the export may or may not be in it. The request counts as 20 in the rate
        limits.
        """
        return cast(
            "AsyncDownload", await self._send(Request("GET", "/api/v1/me/export", is_download=True))
        )

    async def restore_account(self, *, idempotency_key: str | None = None) -> types.AccountDeletion:
        """Cancel the deletion of the account.

        If nothing is to be cancelled, the response is a 409 with the code `account_not_deleted`.
        """
        return cast(
            "types.AccountDeletion",
            await self._send(
                Request("POST", "/api/v1/me/restore", headers={"Idempotency-Key": idempotency_key})
            ),
        )

    async def get_specification(self) -> dict[str, Any]:
        """Get this document.

        Public. The document is the same for everybody and changes only with a new version of the
        service, so caches may keep it for an hour.
        """
        return cast(
            "dict[str, Any]",
            await self._send(Request("GET", "/api/v1/openapi.json", is_public=True)),
        )

    async def list_opportunities(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        sort: Literal[
            "created_at",
            "-created_at",
            "updated_at",
            "-updated_at",
            "title",
            "-title",
            "deadline",
            "-deadline",
        ]
        | None = None,
        status: Sequence[
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
        ]
        | None = None,
        category: Literal["internship", "hackathon"] | None = None,
        deadline_from: str | date | None = None,
        deadline_to: str | date | None = None,
        applied_on_from: str | date | None = None,
        applied_on_to: str | date | None = None,
        campus_mode: Literal["on_campus", "off_campus"] | None = None,
        company: str | None = None,
        location: str | None = None,
        tags: Sequence[str] | None = None,
        link: str | None = None,
        q: str | None = None,
        include: Literal["total"] | None = None,
    ) -> types.OpportunityPage:
        """List opportunities.

        Returns one page of the opportunities that match all filters. `nextCursor` and the `Link` header
        lead to the next page.
        """
        return cast(
            "types.OpportunityPage",
            await self._send(
                Request(
                    "GET",
                    "/api/v1/opportunities",
                    query={
                        "limit": limit,
                        "cursor": cursor,
                        "sort": sort,
                        "status": status,
                        "category": category,
                        "deadline_from": deadline_from,
                        "deadline_to": deadline_to,
                        "applied_on_from": applied_on_from,
                        "applied_on_to": applied_on_to,
                        "campus_mode": campus_mode,
                        "company": company,
                        "location": location,
                        "tags": tags,
                        "link": link,
                        "q": q,
                        "include": include,
                    },
                )
            ),
        )

    async def all_opportunities(
        self,
        *,
        limit: int | None = None,
        sort: Literal[
            "created_at",
            "-created_at",
            "updated_at",
            "-updated_at",
            "title",
            "-title",
            "deadline",
            "-deadline",
        ]
        | None = None,
        status: Sequence[
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
        ]
        | None = None,
        category: Literal["internship", "hackathon"] | None = None,
        deadline_from: str | date | None = None,
        deadline_to: str | date | None = None,
        applied_on_from: str | date | None = None,
        applied_on_to: str | date | None = None,
        campus_mode: Literal["on_campus", "off_campus"] | None = None,
        company: str | None = None,
        location: str | None = None,
        tags: Sequence[str] | None = None,
        link: str | None = None,
        q: str | None = None,
        include: Literal["total"] | None = None,
    ) -> AsyncIterator[types.Opportunity]:
        """Read all pages of ``list_opportunities``, one item at a time."""
        cursor: str | None = None
        while True:
            page = await self.list_opportunities(
                limit=limit or 100,
                cursor=cursor,
                sort=sort,
                status=status,
                category=category,
                deadline_from=deadline_from,
                deadline_to=deadline_to,
                applied_on_from=applied_on_from,
                applied_on_to=applied_on_to,
                campus_mode=campus_mode,
                company=company,
                location=location,
                tags=tags,
                link=link,
                q=q,
                include=include,
            )
            for item in page["items"]:
                yield item
            cursor = page["nextCursor"]
            if not cursor:
                return

    async def create_opportunity(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.NewOpportunity]
    ) -> types.CreatedOpportunity:
        """Create an opportunity.

        Only the title is required. The status is `applied` unless the client sends another. If the
        user has opportunities with the same link, or the same title and company, the response of v1
        names them as `possibleDuplicates`.
        """
        return cast(
            "types.CreatedOpportunity",
            await self._send(
                Request(
                    "POST",
                    "/api/v1/opportunities",
                    headers={"Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    async def update_opportunities(
        self,
        body: types.OpportunityChanges,
        /,
        *,
        status: Sequence[
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
        ]
        | None = None,
        category: Literal["internship", "hackathon"] | None = None,
        deadline_from: str | date | None = None,
        deadline_to: str | date | None = None,
        applied_on_from: str | date | None = None,
        applied_on_to: str | date | None = None,
        campus_mode: Literal["on_campus", "off_campus"] | None = None,
        company: str | None = None,
        location: str | None = None,
        tags: Sequence[str] | None = None,
        link: str | None = None,
        q: str | None = None,
        all: bool | None = None,
        dry_run: bool | None = None,
        idempotency_key: str | None = None,
    ) -> types.ChangedOpportunities:
        """Update all opportunities that match.

        Sets the fields that are sent in every opportunity that matches all filters, or in none if more
        than 1,000 match. With `dry_run=true` the response says what would be changed. The request
        counts as one write in the rate limits.
        """
        return cast(
            "types.ChangedOpportunities",
            await self._send(
                Request(
                    "PATCH",
                    "/api/v1/opportunities",
                    query={
                        "status": status,
                        "category": category,
                        "deadline_from": deadline_from,
                        "deadline_to": deadline_to,
                        "applied_on_from": applied_on_from,
                        "applied_on_to": applied_on_to,
                        "campus_mode": campus_mode,
                        "company": company,
                        "location": location,
                        "tags": tags,
                        "link": link,
                        "q": q,
                        "all": all,
                        "dry_run": dry_run,
                    },
                    headers={"Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    async def delete_opportunities(
        self,
        *,
        status: Sequence[
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
        ]
        | None = None,
        category: Literal["internship", "hackathon"] | None = None,
        deadline_from: str | date | None = None,
        deadline_to: str | date | None = None,
        applied_on_from: str | date | None = None,
        applied_on_to: str | date | None = None,
        campus_mode: Literal["on_campus", "off_campus"] | None = None,
        company: str | None = None,
        location: str | None = None,
        tags: Sequence[str] | None = None,
        link: str | None = None,
        q: str | None = None,
        all: bool | None = None,
        dry_run: bool | None = None,
        permanent: bool | None = None,
        idempotency_key: str | None = None,
    ) -> types.ChangedOpportunities:
        """Delete all opportunities that match.

        Moves every opportunity that matches all filters to the trash, with its interview rounds, or
        none if more than 1,000 match. With `permanent=true` they are deleted for good. With
        `dry_run=true` the response says what would be deleted. The request counts as one write in the
        rate limits.
        """
        return cast(
            "types.ChangedOpportunities",
            await self._send(
                Request(
                    "DELETE",
                    "/api/v1/opportunities",
                    query={
                        "status": status,
                        "category": category,
                        "deadline_from": deadline_from,
                        "deadline_to": deadline_to,
                        "applied_on_from": applied_on_from,
                        "applied_on_to": applied_on_to,
                        "campus_mode": campus_mode,
                        "company": company,
                        "location": location,
                        "tags": tags,
                        "link": link,
                        "q": q,
                        "all": all,
                        "dry_run": dry_run,
                        "permanent": permanent,
                    },
                    headers={"Idempotency-Key": idempotency_key},
                )
            ),
        )

    async def batch_opportunities(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.Batch]
    ) -> types.BatchResults:
        """Create, update and delete several opportunities.

        Carries out up to 100 operations, all or none of them. With `"atomic": false` each operation
        succeeds or fails by itself, and its result says so. Each operation counts as one write in the
        rate limits. No two operations may have the same id.
        """
        return cast(
            "types.BatchResults",
            await self._send(
                Request(
                    "POST",
                    "/api/v1/opportunities/batch",
                    headers={"Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    async def export_opportunities(
        self,
        *,
        status: Sequence[
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
        ]
        | None = None,
        category: Literal["internship", "hackathon"] | None = None,
        deadline_from: str | date | None = None,
        deadline_to: str | date | None = None,
        applied_on_from: str | date | None = None,
        applied_on_to: str | date | None = None,
        campus_mode: Literal["on_campus", "off_campus"] | None = None,
        company: str | None = None,
        location: str | None = None,
        tags: Sequence[str] | None = None,
        link: str | None = None,
        q: str | None = None,
        include: Sequence[Literal["rounds", "history"]] | None = None,
        format: Literal["csv", "json", "xlsx"] | None = None,
    ) -> AsyncDownload:
        """Export opportunities.

        Returns all opportunities that match all filters as a file, newest first: CSV, JSON or XLSX. The
        file arrives in parts; if the connection ends before the file does, send the request again. A
        change during the export may or may not be in the file. The request counts as 20 in the rate
        limits.
        """
        return cast(
            "AsyncDownload",
            await self._send(
                Request(
                    "GET",
                    "/api/v1/opportunities/export",
                    query={
                        "status": status,
                        "category": category,
                        "deadline_from": deadline_from,
                        "deadline_to": deadline_to,
                        "applied_on_from": applied_on_from,
                        "applied_on_to": applied_on_to,
                        "campus_mode": campus_mode,
                        "company": company,
                        "location": location,
                        "tags": tags,
                        "link": link,
                        "q": q,
                        "include": include,
                        "format": format,
                    },
                    is_download=True,
                )
            ),
        )

    async def import_opportunities(
        self,
        file: bytes | BinaryIO,
        /,
        *,
        content_type: Literal[
            "application/json",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "text/csv",
        ],
        dry_run: bool | None = None,
        duplicates: Literal["skip", "update", "keep"] | None = None,
        atomic: bool | None = None,
        dates: Literal["day_first", "month_first"] | None = None,
        idempotency_key: str | None = None,
    ) -> types.ImportResult:
        """Import opportunities from a file.

        Reads CSV, XLSX or JSON of at most 5 MiB and 10,000 lines, also exports of this and of other
        services, with their interview rounds. All lines are imported, or none if one is invalid, unless
        `atomic=false` is given. The request counts as one write in the rate limits for each 50,000
        bytes, and one more.
        """
        return cast(
            "types.ImportResult",
            await self._send(
                Request(
                    "POST",
                    "/api/v1/opportunities/import",
                    query={
                        "dry_run": dry_run,
                        "duplicates": duplicates,
                        "atomic": atomic,
                        "dates": dates,
                    },
                    headers={"Content-Type": content_type, "Idempotency-Key": idempotency_key},
                    content=bytes_of(file),
                )
            ),
        )

    async def list_upcoming_rounds(
        self,
        *,
        from_: str | date | None = None,
        to: str | date | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> list[types.UpcomingRound]:
        """List upcoming interview rounds.

        Returns one page of the pending rounds of all internships that are scheduled from one day to
        another, the soonest first. A day without a time comes after the times of that day. The `Link`
        header leads to the next page; on the last page there is none.
        """
        return cast(
            "list[types.UpcomingRound]",
            await self._send(
                Request(
                    "GET",
                    "/api/v1/opportunities/rounds/upcoming",
                    query={"from": from_, "to": to, "limit": limit, "cursor": cursor},
                )
            ),
        )

    def all_upcoming_rounds(
        self,
        *,
        from_: str | date | None = None,
        to: str | date | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[types.UpcomingRound]:
        """Read all pages of ``list_upcoming_rounds``, one item at a time."""
        request = Request(
            "GET",
            "/api/v1/opportunities/rounds/upcoming",
            query={"from": from_, "to": to, "limit": limit},
        )
        return cast("AsyncIterator[types.UpcomingRound]", self._items(request))

    async def list_trash(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> types.TrashPage:
        """List the trash.

        Returns one page of the opportunities that can be restored, the one that was deleted last
        first. `nextCursor` and the `Link` header lead to the next page.
        """
        return cast(
            "types.TrashPage",
            await self._send(
                Request(
                    "GET", "/api/v1/opportunities/trash", query={"limit": limit, "cursor": cursor}
                )
            ),
        )

    async def all_trash(
        self, *, limit: int | None = None
    ) -> AsyncIterator[types.TrashedOpportunity]:
        """Read all pages of ``list_trash``, one item at a time."""
        cursor: str | None = None
        while True:
            page = await self.list_trash(limit=limit or 100, cursor=cursor)
            for item in page["items"]:
                yield item
            cursor = page["nextCursor"]
            if not cursor:
                return

    async def empty_trash(self, *, idempotency_key: str | None = None) -> types.Emptied:
        """Empty the trash.

        Deletes the opportunities in the trash for good, the oldest first, at most 1,000 in one request.
        `remaining` says how many are left.
        """
        return cast(
            "types.Emptied",
            await self._send(
                Request(
                    "DELETE",
                    "/api/v1/opportunities/trash",
                    headers={"Idempotency-Key": idempotency_key},
                )
            ),
        )

    async def get_opportunity(self, opportunity_id: str, /) -> types.Opportunity:
        """Get an opportunity.

        Returns the opportunity with all its fields.
        """
        return cast(
            "types.Opportunity",
            await self._send(Request("GET", f"/api/v1/opportunities/{segment(opportunity_id)}")),
        )

    async def put_opportunity(
        self,
        opportunity_id: str,
        /,
        *,
        if_match: str | None = None,
        if_none_match: str | None = None,
        idempotency_key: str | None = None,
        **body: Unpack[types.OpportunityChanges],
    ) -> types.Opportunity:
        """Update an opportunity.

        Updates the fields that are sent and keeps the others. Any status is kept, also one that
        contradicts the interview rounds. `PUT` does the same as `PATCH`, but with `If-None-Match: *` it
        creates an opportunity with this id, which the client makes.
        """
        return cast(
            "types.Opportunity",
            await self._send(
                Request(
                    "PUT",
                    f"/api/v1/opportunities/{segment(opportunity_id)}",
                    headers={
                        "If-Match": if_match,
                        "If-None-Match": if_none_match,
                        "Idempotency-Key": idempotency_key,
                    },
                    body=body,
                    statuses=(200, 201),
                )
            ),
        )

    async def update_opportunity(
        self,
        opportunity_id: str,
        /,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
        **body: Unpack[types.OpportunityChanges],
    ) -> types.Opportunity:
        """Update an opportunity.

        Updates the fields that are sent and keeps the others. Any status is kept, also one that
        contradicts the interview rounds. `PUT` does the same as `PATCH`, but with `If-None-Match: *` it
        creates an opportunity with this id, which the client makes.
        """
        return cast(
            "types.Opportunity",
            await self._send(
                Request(
                    "PATCH",
                    f"/api/v1/opportunities/{segment(opportunity_id)}",
                    headers={"If-Match": if_match, "Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    async def delete_opportunity(
        self,
        opportunity_id: str,
        /,
        *,
        permanent: bool | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.Deleted:
        """Delete an opportunity.

        Moves the opportunity with its interview rounds to the trash of v1, from which it can be
        restored.
        """
        return cast(
            "types.Deleted",
            await self._send(
                Request(
                    "DELETE",
                    f"/api/v1/opportunities/{segment(opportunity_id)}",
                    query={"permanent": permanent},
                    headers={"If-Match": if_match, "Idempotency-Key": idempotency_key},
                )
            ),
        )

    async def list_history(
        self, opportunity_id: str, /, *, limit: int | None = None, cursor: str | None = None
    ) -> types.HistoryPage:
        """List the changes of an opportunity.

        Returns one page of the changes of the opportunity and its rounds, the newest first: when, with
        which client, and which fields from which value to which. A deleted opportunity keeps its
        history. `nextCursor` and the `Link` header lead to the next page.
        """
        return cast(
            "types.HistoryPage",
            await self._send(
                Request(
                    "GET",
                    f"/api/v1/opportunities/{segment(opportunity_id)}/history",
                    query={"limit": limit, "cursor": cursor},
                )
            ),
        )

    async def all_history(
        self, opportunity_id: str, /, *, limit: int | None = None
    ) -> AsyncIterator[types.HistoryEntry]:
        """Read all pages of ``list_history``, one item at a time."""
        cursor: str | None = None
        while True:
            page = await self.list_history(opportunity_id, limit=limit or 100, cursor=cursor)
            for item in page["items"]:
                yield item
            cursor = page["nextCursor"]
            if not cursor:
                return

    async def restore_opportunity(
        self, opportunity_id: str, /, *, idempotency_key: str | None = None
    ) -> types.Opportunity:
        """Restore an opportunity.

        Moves the opportunity with its interview rounds back from the trash. Everything is as it was,
        except for `updated_at` and the `ETag`. If there is another opportunity with this id meanwhile,
        the response is a 409 with the code `opportunity_id_taken`.
        """
        return cast(
            "types.Opportunity",
            await self._send(
                Request(
                    "POST",
                    f"/api/v1/opportunities/{segment(opportunity_id)}/restore",
                    headers={"Idempotency-Key": idempotency_key},
                )
            ),
        )

    async def list_rounds(self, opportunity_id: str, /) -> list[types.Round]:
        """List the interview rounds of an internship.

        Returns all rounds by number. An opportunity that is not an internship is a 400.
        """
        return cast(
            "list[types.Round]",
            await self._send(
                Request("GET", f"/api/v1/opportunities/{segment(opportunity_id)}/rounds")
            ),
        )

    async def create_round(
        self,
        opportunity_id: str,
        /,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
        **body: Unpack[types.NewRound],
    ) -> types.RoundChanged:
        """Create an interview round.

        Without a number it becomes the last round. The status of the opportunity follows from its
        rounds. A number that is taken is a 409 with the code `round_number_taken`.
        """
        return cast(
            "types.RoundChanged",
            await self._send(
                Request(
                    "POST",
                    f"/api/v1/opportunities/{segment(opportunity_id)}/rounds",
                    headers={"If-Match": if_match, "Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    async def update_round(
        self,
        opportunity_id: str,
        round_id: str,
        /,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
        **body: Unpack[types.RoundChanges],
    ) -> types.RoundChanged:
        """Update an interview round.

        Updates the fields that are sent and keeps the others. The status of the opportunity follows
        from its rounds. A number that is taken is a 409 with the code `round_number_taken`.
        """
        return cast(
            "types.RoundChanged",
            await self._send(
                Request(
                    "PATCH",
                    f"/api/v1/opportunities/{segment(opportunity_id)}/rounds/{segment(round_id)}",
                    headers={"If-Match": if_match, "Idempotency-Key": idempotency_key},
                    body=body,
                )
            ),
        )

    async def delete_round(
        self,
        opportunity_id: str,
        round_id: str,
        /,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.RoundDeleted:
        """Delete an interview round.

        Returns the remaining rounds. The status of the opportunity follows from them.
        """
        return cast(
            "types.RoundDeleted",
            await self._send(
                Request(
                    "DELETE",
                    f"/api/v1/opportunities/{segment(opportunity_id)}/rounds/{segment(round_id)}",
                    headers={"If-Match": if_match, "Idempotency-Key": idempotency_key},
                )
            ),
        )
