-- Undo an action as futuretracker_undo (migration 0024) did, with two differences. It writes an audit
-- entry only if something was restored; before, the entry also said so of what was kept or gone. And the
-- order in which the findings about one session are undone makes no difference.
--
-- Return 'undone', 'kept' if something else still asks for it (another finding, or an earlier or later
-- revocation), 'gone' if the key does not exist any more, or 'nothing' if nothing was done. `undone_at` is
-- set in each case but the last: this finding no longer asks for the action.
create or replace function futuretracker_undo(act_id bigint) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    act public.anomaly_actions;
    id_of constant pg_catalog.jsonb := '{"revoke-session": "RESTORE_SESSION",
        "suspend-key": "RESUME_API_KEY", "lower-limit": "RESTORE_RATE_LIMIT",
        "webhook": "SEND_WEBHOOK"}';
    target pg_catalog.text;
    outcome pg_catalog.text := 'undone';
    is_restored pg_catalog.bool := true;
begin
    select * into act from public.anomaly_actions where id = act_id for update;
    if not found or act.dry_run or act.done_at is null or act.undone_at is not null then
        return 'nothing';
    end if;
    target := substr(act.subject, strpos(act.subject, ':') + 1);
    if act.action <> 'webhook' and exists (
        select from public.anomaly_actions
        where action = act.action and subject = act.subject and id <> act_id and not dry_run
            and done_at is not null and undone_at is null and coalesce(ends_at > now(), true)
    ) then
        outcome := 'kept';
    elsif act.action = 'revoke-session' then
        -- No other finding asks for it. So a revocation by any of them goes back to what was before.
        update public.revocations as r set expires_at = coalesce(a.former_until, now())
        from public.anomaly_actions as a
        where r.subject = target and r.expires_at > now() and a.action = act.action
            and a.subject = act.subject and a.ends_at = r.expires_at;
        is_restored := found;
        if exists (
            select from public.revocations where subject = target and expires_at > now()
        ) then
            outcome := 'kept';
        end if;
    elsif act.action = 'suspend-key' then
        update public.api_keys set suspended_at = null where id = target;
        if not found then
            outcome := 'gone';
        end if;
    elsif act.action = 'lower-limit' then
        delete from public.slowed_users where clerk_id = target and ends_at > now();
        is_restored := found;
    end if;
    update public.anomaly_actions set undone_at = now() where id = act_id;
    if outcome = 'undone' and is_restored then
        perform public.futuretracker_audit_action(act_id, id_of ->> act.action, 'operator');
    end if;
    return outcome;
end
$$;
