-- Each webhook and each revocation removes old rows of two tables. After a quiet week, or when many
-- sessions were revoked at once, that could be more than the role's statement_timeout allows, and
-- then every later one fails too. Now each removes at most 1,000 rows, the oldest first.

create or replace function futuretracker_is_new(event text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from public.clerk_events where id in (
        select id from public.clerk_events where received_at < now() - interval '7 days'
        order by received_at limit 1000 for update skip locked
    );
    insert into public.clerk_events (id) values (event) on conflict do nothing;
    return found;
end
$$;

create or replace function futuretracker_revoke(
    event text, revoked_kind text, revoked text, seconds integer
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if event is not null and not public.futuretracker_is_new(event) then
        return false;
    end if;
    delete from public.revocations where subject in (
        select subject from public.revocations where expires_at <= now()
        order by expires_at limit 1000 for update skip locked
    );
    insert into public.revocations (kind, subject, expires_at)
    values (revoked_kind, revoked, now() + make_interval(secs => seconds))
    on conflict (subject) do update
        set expires_at = greatest(revocations.expires_at, excluded.expires_at);
    return true;
end
$$;
