-- Who changed what, written in the statement that changes it. No foreign keys: the trace outlives
-- the row and the user.

create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    user_id uuid not null,
    actor text not null,
    action text not null,
    resource_id uuid,
    details jsonb not null default '{}',
    request_id text not null
);

create index audit_log_by_user on audit_log (user_id, at);
