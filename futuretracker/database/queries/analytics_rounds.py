"""The analytics of internships and their interview rounds, which only v1 returns.

They count every round of every internship, skipped ones too. An internship counts as rejected if
its status is rejected, with or without rounds. It stopped at the round with the number
``rejected_round_number``, which is null if a user has set the status and no round is rejected.
"""

from __future__ import annotations

from typing import LiteralString

from futuretracker.database.queries.owner import OWNED
from futuretracker.database.queries.round_types import LABEL, PLACE


# Common table expressions that follow ``mine`` and ``counts`` of analytics.py. They contain no
# joins: Postgres cannot estimate how many rows a common table expression returns, and a nested loop
# over 10,000 rows takes longer than the statement timeout. ``is true`` makes Postgres look up
# ``in`` in a hash table. ``rejected`` groups each rejected internship with the round at which it
# stopped. ``rejections`` has a limit, so that no response becomes too large for a worker's memory.
def round_analytics(matching: LiteralString) -> LiteralString:
    """Return the tables; ``matching`` is the condition of the opportunities that are counted."""
    return f"""
    rounds as materialized (
        select opportunity_id, round_number, round_type, result
        from opportunity_rounds
        where {OWNED}
            and (opportunity_id in (select id from mine where category = 'internship')) is true
    ), rejected as materialized (
        select id, max(title) as title, round_number, max(round_type) as round_type
        from (
            select id, title, rejected_round_number as round_number, null as round_type
            from opportunities
            where {matching} and category = 'internship' and status = 'rejected'
            union all
            select opportunity_id, null, round_number, round_type from rounds
        ) as stops group by id, round_number having count(title) > 0
    ), rejected_by_number as (
        select json_agg(json_build_object('roundNumber', round_number, 'count', n)
            order by round_number) as rows
        from (
            select round_number, count(*) as n from rejected
            where round_number is not null group by 1
        ) as g
    ), rejected_by_type as (
        select json_agg(json_build_object('roundType', round_type, 'label', {LABEL},
            'count', n) order by n desc, {PLACE}, round_type) as rows
        from (
            select round_type, count(*) as n from rejected
            where round_type is not null group by 1
        ) as g
    ), funnel_by_type as (
        select json_agg(json_build_object('roundType', round_type, 'label', {LABEL},
            'reached', reached, 'cleared', cleared, 'rejected', rejected,
            'clearanceRate', round(100.0 * cleared / reached, 1))
            order by reached desc, {PLACE}, round_type) as rows
        from (
            select round_type, count(*) as reached,
                count(*) filter (where result = 'cleared') as cleared,
                count(*) filter (where result = 'rejected') as rejected
            from rounds group by 1
        ) as g
    ), reach_by_number as (
        select json_agg(json_build_object('roundNumber', round_number, 'reached', reached,
            'stillActive', pending) order by round_number) as rows
        from (
            select round_number, count(*) as reached,
                count(*) filter (where result = 'pending') as pending
            from rounds group by 1
        ) as g
    ), rejections as (
        select json_agg(json_build_object('opportunityId', id, 'title', title,
            'roundNumber', round_number, 'roundType', round_type,
            'roundTypeLabel', coalesce('Round ' || round_number || ' · ' || {LABEL},
                'Round ' || round_number, 'Stage not recorded'),
            'clearedRoundsBeforeRejection', greatest(round_number - 1, 0))
            order by round_number, folded, id) as rows
        from (
            select *, lower(title) as folded from rejected
            order by round_number, folded, id limit 10000
        ) as first
    ), pipeline as (
        select json_build_object(
            'internshipCount', (select internship from counts),
            'trackedWithRounds', (select count(distinct opportunity_id) from rounds),
            'activeInPipeline', (
                select count(*) from mine where category = 'internship'
                    and status in ('applied', 'shortlisted', 'interviewed')
            ),
            'rejectedCount', (select count(*) from rejected),
            'averageRoundsBeforeRejection', (select round(avg(round_number), 1) from rejected),
            'rejectionByRoundNumber', coalesce((select rows from rejected_by_number), '[]'),
            'rejectionByRoundType', coalesce((select rows from rejected_by_type), '[]'),
            'funnelByRoundType', coalesce((select rows from funnel_by_type), '[]'),
            'stageReachByRoundNumber', coalesce((select rows from reach_by_number), '[]'),
            'rejections', coalesce((select rows from rejections), '[]')
        ) as body
    )"""
