-- Repeat until no row changes.
-- Interview rounds of a database from before this service say something of the status too. The rule is
-- that of the service, which sets the column whenever a round changes.
with chosen as (
    select id from opportunities as o
    where rounds_status is null
        and exists (select from opportunity_rounds as r where r.opportunity_id = o.id)
    limit 5000
), derived as (
    select opportunity_id,
        case
            when bool_or(result = 'rejected') then 'rejected'
            when bool_or(result = 'cleared' and round_type = 'final') then 'selected'
            when bool_or(result = 'cleared' and round_type in
                ('technical', 'hr', 'group_discussion', 'managerial')) then 'interviewed'
            when bool_or(result = 'cleared' and round_type in
                ('resume_shortlisted', 'oa', 'assignment', 'technical_assignment'))
                then 'shortlisted'
            else 'applied'
        end as status
    from opportunity_rounds where opportunity_id in (select id from chosen)
    group by opportunity_id
)
update opportunities as o set rounds_status = derived.status
from derived where o.id = derived.opportunity_id;
