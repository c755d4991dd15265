"""The analytics of a user's opportunities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from futuretracker.database.queries.analytics_rounds import ROUND_ANALYTICS
from futuretracker.database.queries.columns import tagged
from futuretracker.database.queries.owner import OWNED
from futuretracker.database.queries.versions import NONE, digest, representation

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

    from futuretracker.database.queries.versions import Tagged, Versions


class Parts(NamedTuple):
    """SQL that v1 adds at four places of the statement; the original API adds nothing."""

    deadlines: LiteralString
    tables: LiteralString
    statuses: LiteralString
    counts: LiteralString


ORIGINAL: Final = Parts(deadlines="", tables="", statuses="", counts="")
V1: Final = Parts(
    deadlines=" and category = 'hackathon'",
    tables=f", {ROUND_ANALYTICS}",
    statuses=", 'ghosted', ghosted",
    counts=""",
            'campusModeCounts', json_build_object('on_campus', on_campus,
                'off_campus', off_campus, 'unspecified', total - on_campus - off_campus),
            'pipelineAnalytics', (select body from pipeline)""",
)


# What the analytics follow from. Each change of an opportunity or its rounds gives it a version
# above all others, so the sum grows, or the number changes.
SEEN: Final[LiteralString] = "concat_ws(' ', %(kind)s::text, day, total, versions)"


def select_analytics(
    conn: Connection[Any], *, user_id: UUID, parts: Parts, known: Versions = NONE
) -> Tagged:
    """Return the user's analytics as JSON, in UTC; ``parts`` is ORIGINAL or V1.

    There is no JSON if the tag is one of those that are ``known``.

    The weeks are the current one and the 7 before it; a week starts on Sunday. The months are the
    current one and the 5 before it. Deadlines cover 30 days from today; v1 counts those of
    hackathons only. Rates are percentages with one decimal, and 0 if nothing was counted.
    """
    tables: LiteralString = f"""
        with mine as materialized (
            select id, version, coalesce(status, 'applied') as status, category, campus_mode,
                deadline,
                (created_at at time zone 'UTC')::date as created_on
            from opportunities
            where {OWNED}
        ), today as (
            select day, day - extract(dow from day)::int as sunday,
                date_trunc('month', day)::date as month
            from (select (now() at time zone 'UTC')::date as day) as t
        ), counts as (
            select count(*) as total, sum(version) as versions,
                count(*) filter (where status = 'applied') as applied,
                count(*) filter (where status = 'interviewed') as interviewed,
                count(*) filter (where status = 'shortlisted') as shortlisted,
                count(*) filter (where status = 'selected') as selected,
                count(*) filter (where status = 'rejected') as rejected,
                count(*) filter (where status = 'ghosted') as ghosted,
                count(*) filter (where campus_mode = 'on_campus') as on_campus,
                count(*) filter (where campus_mode = 'off_campus') as off_campus,
                count(*) filter (where category = 'internship') as internship,
                count(*) filter (where category = 'hackathon') as hackathon
            from mine
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
                    else coalesce(round(100.0 * n / nullif(total, 0), 1), 0) end)
                order by place) as rows
            from counts, lateral (values
                (1, 'Applied', total),
                (2, 'Shortlisted', shortlisted + interviewed + selected),
                (3, 'Interviewed', interviewed + selected),
                (4, 'Selected', selected)) as stages (place, stage, n)
        ){parts.tables}
    """
    values = {
        "user_id": user_id,
        "kind": representation(tables + _result(parts, NONE)),
        "every_known": known.every,
        "known": list(known.listed),
    }
    found = tagged(conn.execute(tables + _result(parts, known), values))
    assert found is not None  # noqa: S101 - the statement always returns a row
    return found


def _result(parts: Parts, known: Versions) -> LiteralString:
    """Return the end of the statement: the tag and the JSON, unless the tag is known."""
    body: LiteralString = f"""json_build_object(
            'total', total,
            'statusCounts', json_build_object('applied', applied, 'interviewed', interviewed,
                'shortlisted', shortlisted, 'selected', selected,
                'rejected', rejected{parts.statuses}),
            'categoryCounts', json_build_object('internship', internship, 'hackathon', hackathon),
            'metrics', json_build_object(
                'conversionRate', coalesce(round(100.0 * selected / nullif(total, 0), 1), 0),
                'rejectionRate', coalesce(round(100.0 * rejected / nullif(total, 0), 1), 0),
                'inProgress', applied + interviewed + shortlisted,
                'successRate',
                coalesce(round(100.0 * selected / nullif(selected + rejected, 0), 1), 0)),
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
                from opportunities where {OWNED}
            ) as mine_now
        ) as state
    """
