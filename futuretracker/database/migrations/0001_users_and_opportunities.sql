-- The guide's two tables. An existing FutureTracker database has them already: everything here
-- adopts what it finds, and changes or deletes no row.

create table if not exists users (
    id uuid primary key default gen_random_uuid(),
    clerk_id text not null unique,
    email text,
    full_name text,
    avatar_url text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

alter table users
    add column if not exists email text,
    add column if not exists full_name text,
    add column if not exists avatar_url text,
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now(),
    alter column id set default gen_random_uuid();
-- Statements of their own: within one, Postgres drops before it adds. A session token need not
-- carry an e-mail address, and says nothing of the rest.
alter table users
    alter column email drop not null,
    alter column full_name drop not null,
    alter column avatar_url drop not null;

create table if not exists opportunities (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users (id) on delete cascade,
    title text not null,
    description text,
    link text,
    deadline date,
    category text,
    status text not null default 'applied',
    notes text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

alter table opportunities
    add column if not exists description text,
    add column if not exists link text,
    add column if not exists deadline date,
    add column if not exists category text,
    add column if not exists status text default 'applied',
    add column if not exists notes text,
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now(),
    alter column id set default gen_random_uuid();
alter table opportunities
    alter column description drop not null,
    alter column link drop not null,
    alter column deadline drop not null,
    alter column category drop not null,
    alter column notes drop not null;

-- Text of any length (the service's schemas decide), no enum that lacks a word, times with a zone.
-- Columns that are like that already are left alone, because views may stand on them.
do $$
declare
    col record;
begin
    for col in
        select c.relname, a.attname, wanted, a.atthasdef,
            case when wanted = 'timestamptz' then 'at time zone ''UTC''' else '::text' end as cast,
            case when wanted = 'timestamptz' then 'now()' else '''applied''' end as preset
        from pg_attribute as a join pg_class as c on c.oid = a.attrelid,
            lateral (select case
                when a.attname in ('created_at', 'updated_at') then 'timestamptz' else 'text'
            end as wanted) as w
        where c.oid in ('users'::regclass, 'opportunities'::regclass) and a.attname in
            ('clerk_id', 'email', 'full_name', 'avatar_url', 'title', 'description', 'link',
                'category', 'status', 'notes', 'created_at', 'updated_at')
            and a.atttypid <> wanted::regtype
    loop
        execute format('alter table %I alter %I drop default', col.relname, col.attname);
        execute format('alter table %I alter %I type %s using %2$I %4$s',
            col.relname, col.attname, col.wanted, col.cast);
        if col.atthasdef and col.attname in ('status', 'created_at', 'updated_at') then
            execute format('alter table %I alter %I set default %s',
                col.relname, col.attname, col.preset);
        end if;
    end loop;
end
$$;

-- ON CONFLICT at a user's first sight needs it; an existing database may have it under any name.
do $$
begin
    if not exists (
        select from pg_index as i
        join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = 'users'::regclass and i.indisunique and i.indnkeyatts = 1
            and i.indpred is null and a.attname = 'clerk_id'
    ) then
        create unique index users_clerk_id_unique on users (clerk_id);
    end if;
end
$$;

-- Every query begins with the owner; the rest is the order of the list.
create index if not exists opportunities_owner_newest_first
    on opportunities (user_id, created_at desc, id desc);
