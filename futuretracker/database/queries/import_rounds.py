"""The SQL that imports the rounds of opportunities, as parts of the statement of an import.

The rounds of an item decide what follows from them, before anything is written. So its opportunity
is written once. Then ``futuretracker_replace_rounds`` (migration 0036) writes the rounds: it is a
function because the policy of the table looks for the opportunity, which the statement itself does
not see yet.

An import without rounds has none of these parts.
"""

from __future__ import annotations

from typing import Final, LiteralString

from futuretracker.database.queries.round_changes import (
    FIRST_PENDING,
    FIRST_REJECTED,
    FOLLOWING_STATUS,
)
from futuretracker.database.queries.statuses import DECIDED

# The columns of an opportunity that follow from its rounds.
FOLLOWING: Final[tuple[LiteralString, ...]] = (
    "rounds_status", "rejected_round_number", "current_round_number",
)  # fmt: skip
DERIVED: Final[LiteralString] = f"""derived as materialized (
        select derived_place, derived_status, rounds > 0 as has_rounds, jsonb_build_object(
                'rounds_status', case when rounds > 0 then derived_status end,
                'rejected_round_number', rejected,
                'current_round_number', case when rejected is null then pending end
            ) as derived_columns
        from (
            select place as derived_place, count(result) as rounds, {FOLLOWING_STATUS}
                as derived_status, {FIRST_REJECTED} as rejected, {FIRST_PENDING} as pending
            from items left join jsonb_to_recordset(item_rounds)
                as r (round_number int, round_type text, result text) on true
            where item_rounds is not null
            group by place
        ) as each
    )"""
JOIN: Final[LiteralString] = "left join derived on derived_place = place"
# The values of a new opportunity. A status that the item has counts before the derived one.
NEW_VALUES: Final[LiteralString] = """(jsonb_build_object('status', derived_status)
                || new_values || coalesce(derived_columns, '{}'))"""
# The values of an update. Rounds do not take a decision back (see ``round_changes``).
NEW_CHANGES: Final[LiteralString] = f"""(case
                    when has_rounds and coalesce(opportunities.status, 'applied') not in {DECIDED}
                    then jsonb_build_object('status', derived_status) else '{{}}' end
                || new_changes || coalesce(derived_columns, '{{}}'))"""
REPLACED: Final[LiteralString] = """replaced as (
        select changed.* from (
            select jsonb_agg(jsonb_build_object('opportunity_id', written_id,
                'rounds', item_rounds)) as given
            from (
                select id as written_id from inserted union all select id from updated
            ) as written join (
                select coalesce(matched_id, new_id) as item_id, item_rounds
                from items left join matched on matched_place = place
                where item_rounds is not null and is_first is not false
            ) as item on item_id = written_id
        ) as each, futuretracker_replace_rounds(%(user_id)s, given) as changed
    )"""
# As the entries of the changes of single rounds.
AUDITED: Final[LiteralString] = """
        union all
        select %(user_id)s, %(actor)s, changed_action, changed_round,
            %(details)s::jsonb || jsonb_build_object('opportunityId', changed_opportunity)
                || case changed_action
                    when 'CREATE_ROUND' then jsonb_build_object('roundType', changed_type)
                    when 'UPDATE_ROUND' then jsonb_build_object('updatedFields',
                        (select jsonb_agg(name) from jsonb_object_keys(differing) as name))
                    else '{}' end,
            differing, %(request_id)s, %(client)s
        from replaced
"""
