"""The analytics of interview rounds, which only v1 returns.

They count internships that have rounds. A round is reached unless it was skipped. An internship is
active unless its status is rejected, selected or ghosted. The first rejected round of an internship
is the one that ended it.
"""

from __future__ import annotations

from typing import Final, LiteralString

from futuretracker.database.queries.owner import OWNED, SET_USER

# Common table expressions that follow ``mine`` of analytics.py. ``labels`` lists the types in the
# order in which rounds usually take place.
ROUND_ANALYTICS: Final[LiteralString] = f"""
    labels (place, round_type, label) as (values
        (1, 'resume_shortlisted', 'Resume Shortlisted'), (2, 'oa', 'Online Assessment'),
        (3, 'assignment', 'Assignment'), (4, 'technical_assignment', 'Technical Assignment'),
        (5, 'group_discussion', 'Group Discussion'), (6, 'technical', 'Technical Interview'),
        (7, 'managerial', 'Managerial Interview'), (8, 'hr', 'HR Interview'),
        (9, 'final', 'Final Round'), (10, 'other', 'Other')
    ), rounds as materialized (
        select r.opportunity_id, m.created_at, r.round_number, r.round_type, r.result,
            m.status not in ('rejected', 'selected', 'ghosted') as active,
            count(*) filter (where r.result = 'cleared') over before as cleared_before
        from opportunity_rounds as r join mine as m on m.id = r.opportunity_id
        where {SET_USER}
            and r.user_id = %(user_id)s and m.category = 'internship'
        window before as (partition by r.opportunity_id order by r.round_number
            rows between unbounded preceding and 1 preceding)
    ), tracked as (
        select opportunity_id, bool_or(active) as active from rounds group by 1
    ), endings as materialized (
        select distinct on (opportunity_id) opportunity_id, created_at, round_number, round_type,
            cleared_before
        from rounds where result = 'rejected' order by opportunity_id, round_number
    ), endings_by_number as (
        select json_agg(json_build_object('roundNumber', round_number, 'count', n)
            order by round_number) as rows
        from (select round_number, count(*) as n from endings group by 1) as g
    ), endings_by_type as (
        select json_agg(json_build_object('roundType', round_type, 'label', label, 'count', n)
            order by place) as rows
        from (select round_type, count(*) as n from endings group by 1) as g
            join labels using (round_type)
    ), funnel_by_type as (
        select json_agg(json_build_object('roundType', round_type, 'label', label,
            'reached', reached, 'cleared', cleared, 'rejected', rejected,
            'clearanceRate', round(100.0 * cleared / reached, 1)) order by place) as rows
        from (
            select round_type, count(*) as reached,
                count(*) filter (where result = 'cleared') as cleared,
                count(*) filter (where result = 'rejected') as rejected
            from rounds where result <> 'skipped' group by 1
        ) as g join labels using (round_type)
    ), reach_by_number as (
        select json_agg(json_build_object('roundNumber', round_number, 'reached', reached,
            'stillActive', active) order by round_number) as rows
        from (
            select round_number, count(*) as reached, count(*) filter (where active) as active
            from rounds where result <> 'skipped' group by 1
        ) as g
    ), rejections as (
        select json_agg(json_build_object('opportunityId', opportunity_id, 'title', title,
            'roundNumber', round_number, 'roundType', round_type, 'roundTypeLabel', label,
            'clearedRoundsBeforeRejection', cleared_before)
            order by created_at desc, opportunity_id) as rows
        from (
            select * from endings order by created_at desc, opportunity_id limit 200
        ) as newest join labels using (round_type) join lateral (
            select title from opportunities
            where {OWNED} and id = newest.opportunity_id
        ) as o on true
    ), pipeline as (
        select json_build_object(
            'internshipCount', (select internship from counts),
            'trackedWithRounds', (select count(*) from tracked),
            'activeInPipeline', (select count(*) from tracked where active),
            'rejectedCount', (select count(*) from endings),
            'averageRoundsBeforeRejection', (select round(avg(cleared_before), 1) from endings),
            'rejectionByRoundNumber', coalesce((select rows from endings_by_number), '[]'),
            'rejectionByRoundType', coalesce((select rows from endings_by_type), '[]'),
            'funnelByRoundType', coalesce((select rows from funnel_by_type), '[]'),
            'stageReachByRoundNumber', coalesce((select rows from reach_by_number), '[]'),
            'rejections', coalesce((select rows from rejections), '[]')
        ) as body
    )"""
