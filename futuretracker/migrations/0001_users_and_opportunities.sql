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
    alter column id set default gen_random_uuid(),
    -- A session token need not carry an e-mail address.
    alter column email drop not null;

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
    alter column id set default gen_random_uuid(),
    alter column category drop not null;

-- ON CONFLICT at a user's first sight needs it; an existing database has it under its own name.
create unique index if not exists users_clerk_id_unique on users (clerk_id);

-- Every query begins with the owner; the rest is the order of the list.
create index if not exists opportunities_owner_newest_first
    on opportunities (user_id, created_at desc, id desc);
