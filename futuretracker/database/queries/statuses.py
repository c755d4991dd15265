"""What follows from the statuses: what the original API shows, and the dates of an internship.

v1 has statuses that the original API does not know: it shows the nearest word that it has.
"""

from __future__ import annotations

from typing import Final, LiteralString

TODAY: Final[LiteralString] = "(now() at time zone 'UTC')::date"
V1_STATUS: Final[LiteralString] = "coalesce(status, 'applied')"
ORIGINAL_STATUS: Final[LiteralString] = """case status
        when 'saved' then 'applied'
        when 'offer' then 'selected'
        when 'accepted' then 'selected'
        when 'withdrawn' then 'rejected'
        else coalesce(status, 'applied') end"""
# No round records these decisions of a company or a user, so a change of a round keeps them.
DECIDED: Final[LiteralString] = "('offer', 'accepted', 'withdrawn')"
# A client of the original API sends back what it was shown: that changes nothing.
SENT_TO_ORIGINAL: Final[LiteralString] = f"""case when {ORIGINAL_STATUS} = %(status)s
                then status else %(status)s end"""


def applied_on(
    applied_on: LiteralString, before: LiteralString, after: LiteralString
) -> LiteralString:
    """Return the day of application, by the status before and after a change.

    It is today (UTC) if a saved opportunity is applied for and there is no day.
    """
    return f"""coalesce({applied_on}, case
                when {before} = 'saved' and {after} not in ('saved', 'withdrawn') then {TODAY}
                end)"""
