"""The analytics of a user's opportunities.

An opportunity that is only saved is no application. An offer, also an accepted one, is a success,
as the status ``selected`` is. The original API knows neither, so it counts the words that it shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from psycopg.errors import InvalidParameterValue

from futuretracker.database.queries.analytics_rounds import round_analytics
from futuretracker.database.queries.columns import tagged
from futuretracker.database.queries.owner import OWNED
from futuretracker.database.queries.statuses import ORIGINAL_STATUS, V1_STATUS
from futuretracker.database.queries.versions import NONE, digest, representation

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from psycopg import Connection

    from futuretracker.database.queries.versions import Tagged, Versions


class Parts(NamedTuple):
    """What differs between the API versions: the SQL of a status, and what v1 adds."""

    status: LiteralString
    deadlines: LiteralString = ""
    statuses: LiteralString = ""
    counts: LiteralString = ""
    has_rounds: bool = False


class Span(NamedTuple):
    """Which opportunities are counted: those created from one day to another, in a time zone."""

    time_zone: str | None = None
    first: date | None = None
    last: date | None = None


class UnknownTimeZone(Exception):
    """The database server does not know the time zone."""


ORIGINAL: Final = Parts(ORIGINAL_STATUS)
V1: Final = Parts(
    V1_STATUS,
    deadlines="""
                and (category = 'hackathon' or category = 'internship' and status = 'saved')""",
    statuses=""", 'ghosted', ghosted, 'saved', saved, 'offer', offer,
                'accepted', accepted, 'withdrawn', withdrawn""",
    counts=""",
            'campusModeCounts', json_build_object('on_campus', on_campus,
                'off_campus', off_campus, 'unspecified', total - on_campus - off_campus),
            'pipelineAnalytics', (select body from pipeline)""",
    has_rounds=True,
)
EVERYTHING: Final = Span()


# What the analytics follow from. Each change of an opportunity or its rounds gives it a version
# above all others, so the sum grows, or the number changes.
SEEN: Final[LiteralString] = "concat_ws(' ', %(kind)s::text, day, total, versions)"


def select_analytics(
    conn: Connection[Any],
    *,
    user_id: UUID,
    parts: Parts,
    span: Span = EVERYTHING,
    known: Versions = NONE,
) -> Tagged:
    """Return the user's analytics as JSON; ``parts`` is ORIGINAL or V1.

    There is no JSON if the tag is one of those that are ``known``. Raise UnknownTimeZone.

    The weeks are the current one and the 7 before it; a week starts on Sunday. The months are the
    current one and the 5 before it. If the span ends before today, they are those before its end.
    Deadlines cover 30 days from today. Days begin at midnight in the time zone of the span, by
    default in UTC. Rates are percentages with one decimal, and 0 if nothing was counted.
    """
    matching = _matching(span)
    tables = _tables(parts, span, matching)
    values = {
        "user_id": user_id,
        "kind": f"{representation(tables + _result(parts, matching, NONE))} {span}",
        "every_known": known.every,
        "known": list(known.listed),
        **span._asdict(),
    }
    try:
        found = tagged(conn.execute(tables + _result(parts, matching, known), values))
    except InvalidParameterValue as error:
        raise UnknownTimeZone from error
    assert found is not None  # noqa: S101 - the statement always returns a row
    return found


def _zone(span: Span) -> LiteralString:
    return "%(time_zone)s::text" if span.time_zone else "'UTC'"


def _matching(span: Span) -> LiteralString:
    """Return the SQL condition of the opportunities that are counted."""
    condition = OWNED
    if span.first:
        condition += f" and created_at >= %(first)s::date::timestamp at time zone {_zone(span)}"
    if span.last:
        condition += f" and created_at < (%(last)s::date + 1)::timestamp at time zone {_zone(span)}"
    return condition


def _tables(parts: Parts, span: Span, matching: LiteralString) -> LiteralString:
    """Return the beginning of the statement: what is counted."""
    zone = _zone(span)
    until: LiteralString = "least(day, %(last)s::date)" if span.last else "day"
    rounds: LiteralString = f", {round_analytics(matching)}" if parts.has_rounds else ""
    return f"""
        with mine as materialized (
            select id, version, {parts.status} as status, category, campus_mode,
                deadline,
                (created_at at time zone {zone})::date as created_on
            from opportunities
            where {matching}
        ), today as (
            select day, until - extract(dow from until)::int as sunday,
                date_trunc('month', until)::date as month
            from (select day, {until} as until
                from (select (now() at time zone {zone})::date as day) as t) as days
        ), numbers as (
            select count(*) as total, sum(version) as versions,
                count(*) filter (where status = 'applied') as applied,
                count(*) filter (where status = 'interviewed') as interviewed,
                count(*) filter (where status = 'shortlisted') as shortlisted,
                count(*) filter (where status = 'selected') as selected,
                count(*) filter (where status = 'rejected') as rejected,
                count(*) filter (where status = 'ghosted') as ghosted,
                count(*) filter (where status = 'saved') as saved,
                count(*) filter (where status = 'offer') as offer,
                count(*) filter (where status = 'accepted') as accepted,
                count(*) filter (where status = 'withdrawn') as withdrawn,
                count(*) filter (where campus_mode = 'on_campus') as on_campus,
                count(*) filter (where campus_mode = 'off_campus') as off_campus,
                count(*) filter (where category = 'internship') as internship,
                count(*) filter (where category = 'hackathon') as hackathon
            from mine
        ), counts as (
            select *, total - saved as applications, selected + offer + accepted as successes
            from numbers
        ), by_week as (
            select (created_on - extract(dow from created_on)::int) as sunday, count(*) as n
            from mine, today where created_on >= today.sunday - 49 group by 1
        ), weeks as (
            select json_agg(json_build_object('week', 'W' || w, 'weekStart', start,
                'count', coalesce(n, 0)) order by w) as rows
            from today, generate_series(1, 8) as w,
                lateral (select today.sunday - 7 * (8 - w) as start) as s
                left join by_week on by_week.sunday = s.start
        ), by_month as (
            select date_trunc('month', created_on)::date as month, count(*) as n
            from mine, today where created_on >= today.month - interval '5 months' group by 1
        ), months as (
            select json_agg(json_build_object('month', to_char(start, 'Mon YYYY'),
                'count', coalesce(n, 0)) order by start) as rows
            from today, generate_series(0, 5) as m,
                lateral (select (today.month - make_interval(months => 5 - m))::date as start) as s
                left join by_month on by_month.month = s.start
        ), by_deadline as (
            select deadline, count(*) as n
            from mine, today
            where deadline between today.day and today.day + 29{parts.deadlines} group by 1
        ), deadlines as (
            select json_agg(json_build_object('date', due, 'day', extract(day from due)::int,
                'dayOfWeek', extract(dow from due)::int, 'count', coalesce(n, 0)) order by due)
                as rows
            from today, generate_series(0, 29) as d,
                lateral (select today.day + d as due) as s
                left join by_deadline on by_deadline.deadline = s.due
        ), funnel as (
            select json_agg(json_build_object('stage', stage, 'count', n, 'percentage',
                case when stage = 'Applied' then 100
                    else coalesce(round(100.0 * n / nullif(applications, 0), 1), 0) end)
                order by place) as rows
            from counts, lateral (values
                (1, 'Applied', applications),
                (2, 'Shortlisted', shortlisted + interviewed + successes),
                (3, 'Interviewed', interviewed + successes),
                (4, 'Selected', successes)) as stages (place, stage, n)
        ){rounds}
    """


def _result(parts: Parts, matching: LiteralString, known: Versions) -> LiteralString:
    """Return the end of the statement: the tag and the JSON, unless the tag is known."""
    body: LiteralString = f"""json_build_object(
            'total', total,
            'statusCounts', json_build_object('applied', applied, 'interviewed', interviewed,
                'shortlisted', shortlisted, 'selected', selected,
                'rejected', rejected{parts.statuses}),
            'categoryCounts', json_build_object('internship', internship, 'hackathon', hackathon),
            'metrics', json_build_object(
                'conversionRate', coalesce(
                    round(100.0 * successes / nullif(applications, 0), 1), 0),
                'rejectionRate', coalesce(
                    round(100.0 * rejected / nullif(applications, 0), 1), 0),
                'inProgress', applied + interviewed + shortlisted,
                'successRate',
                coalesce(round(100.0 * successes / nullif(successes + rejected, 0), 1), 0)),
            'weeklyBreakdown', weeks.rows,
            'monthlyBreakdown', months.rows,
            'deadlineDistribution', deadlines.rows,
            'funnelData', funnel.rows{parts.counts}
        )::text"""
    sources: LiteralString = "counts, weeks, months, deadlines, funnel"
    if not known:
        return f"select {digest(SEEN)}, {body} from {sources}, today"
    return f"""
        select tag, case when not (%(every_known)s or tag = any(%(known)s::text[]))
            then (select {body} from {sources}) end
        from (
            select {digest(SEEN)} as tag
            from today, (
                select count(*) as total, sum(version) as versions
                from opportunities where {matching}
            ) as mine_now
        ) as state
    """
