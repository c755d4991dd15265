"""Schemas of an earlier FutureTracker with interview rounds, in several variants."""

from __future__ import annotations

# Added to EXISTING of tests/database/test_migrate.py: v1's columns with other checks, and rounds.
LATER = """
    alter table opportunities
        add column campus_mode varchar(20) check (campus_mode in ('on_campus', 'off_campus')),
        add column applied_on date,
        add column current_round_number integer,
        add column rejected_round_number integer,
        drop constraint opportunities_status_check,
        add constraint valid_status check (status in ('applied', 'interviewed', 'shortlisted',
            'selected', 'rejected', 'ghosted'));
    create table opportunity_rounds (
        id uuid primary key default gen_random_uuid(),
        opportunity_id uuid not null references opportunities (id) on delete cascade,
        round_number integer not null check (round_number > 0),
        round_type varchar(30) not null check (round_type in ('resume_shortlisted', 'oa',
            'assignment', 'technical', 'hr', 'final', 'other')),
        scheduled_date date,
        scheduled_time time,
        result varchar(10) default 'pending' check (result in ('pending', 'cleared', 'rejected')),
        notes varchar(200),
        created_at timestamptz default now(),
        updated_at timestamptz default now(),
        constraint one_number_each unique (opportunity_id, round_number)
    );
    grant all on opportunity_rounds to anon, authenticated;
    create policy "Everybody may read" on opportunity_rounds for select using (true);
    update opportunities set category = 'internship', status = 'ghosted', campus_mode = 'on_campus',
        applied_on = '2026-01-02', current_round_number = 2
    where title like 'Row 2 of %';
    insert into opportunity_rounds
        (opportunity_id, round_number, round_type, scheduled_date, result, notes, created_at)
    select id, n, case n when 1 then 'oa' else 'technical' end, '2026-12-01',
        case n when 1 then 'cleared' end, 'Round ' || n, case n when 1 then now() end
    from opportunities, generate_series(1, 3) as n where title like 'Row 2 of %';
"""
# Rounds without unique numbers: one number is used twice, and one round has none.
MUDDLED = """
    alter table opportunity_rounds
        drop constraint one_number_each, alter round_number drop not null;
    update opportunity_rounds as r set round_number = null from opportunities as o
    where o.id = r.opportunity_id and o.title = 'Row 2 of user_old8' and r.round_number = 2;
    insert into opportunity_rounds (opportunity_id, round_number, round_type, notes, created_at)
    select id, 1, 'hr', 'Again 1', now() + '1 minute' from opportunities
    where title = 'Row 2 of user_old8';
"""
# Other forms that the table may have.
VARIANTS = {
    "unchanged": "",
    "a unique index and not a constraint": """
        alter table opportunity_rounds drop constraint one_number_each;
        create unique index idx_rounds_unique on opportunity_rounds (round_number, opportunity_id);
    """,
    "a constraint under the service's name": """
        alter table opportunity_rounds
            rename constraint one_number_each to opportunity_rounds_number;
    """,
    "nothing unique": "alter table opportunity_rounds drop constraint one_number_each",
    "no cascade": """
        alter table opportunity_rounds
            drop constraint opportunity_rounds_opportunity_id_fkey,
            add constraint belongs_to foreign key (opportunity_id) references opportunities (id);
    """,
    "no foreign key": """
        alter table opportunity_rounds
            drop constraint opportunity_rounds_opportunity_id_fkey,
            alter opportunity_id drop not null, alter round_type drop not null;
    """,
    "enumerated types": """
        create type round_type as enum ('oa', 'technical');
        create type round_result as enum ('pending', 'cleared');
        alter table opportunity_rounds
            drop constraint opportunity_rounds_round_type_check,
            drop constraint opportunity_rounds_result_check,
            alter round_type type round_type using round_type::text::round_type,
            alter result drop default,
            alter result type round_result using result::text::round_result,
            alter result set default 'pending';
    """,
    "times without a zone": """
        alter table opportunity_rounds
            alter created_at type timestamp, alter updated_at type timestamp;
    """,
    "row level security": "alter table opportunity_rounds enable row level security",
}
