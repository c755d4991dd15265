-- An opportunity's rounds at the moment of the call: a volatile function takes a new snapshot, so
-- behind a lock it sees what others have committed since the statement began, and what the
-- statement itself has written. Who calls it needs the right to read the table, and sees there what
-- its policies show.
create function futuretracker_rounds_now(owner uuid, opportunity uuid)
returns setof opportunity_rounds
language plpgsql volatile set search_path = '' as $$
begin
    return query select r.* from public.opportunity_rounds as r
        where r.user_id = owner and r.opportunity_id = opportunity;
end
$$;
revoke execute on function futuretracker_rounds_now from public;
do $$
declare
    api_role text;
begin
    for api_role in
        select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
    loop
        execute format('revoke execute on function futuretracker_rounds_now from %I', api_role);
    end loop;
end
$$;
grant execute on function futuretracker_rounds_now to futuretracker_api;
