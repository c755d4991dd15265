-- Less work for Postgres with each row that is written. Nothing here reads or rewrites a table:
-- each statement changes the catalog alone, however many rows there are, under short locks.

-- The words of the search are taken by a trigger, which keeps its plan; the expression of a
-- generated column is read and planned anew by each statement. Rows that are there keep the words
-- that they have. Whatever else is written into the column gives way to the words.
alter table opportunities alter column search drop expression;
create function opportunity_words() returns trigger language plpgsql as $$
declare
    texts text := new.title || ' ' || coalesce(new.description, '')
        || ' ' || coalesce(new.notes, '');
begin
    new.search := to_tsvector('simple', texts);
    -- What Postgres takes for one word (AI/ML, node.js, 2026-2027), also in its parts; without
    -- their places, so that no phrase runs from one half into the other. A mark before a space
    -- joins nothing, unless there is a tilde, which may begin the name of a file.
    if texts ~ '~|[-/.@:_\\=?&<>][^ ]' then
        new.search := new.search
            || strip(to_tsvector('simple', regexp_replace(texts, '[-/.@:_\\=?&<>]', ' ', 'g')));
    end if;
    return new;
end
$$;
create trigger words_of_search
    before insert or update of title, description, notes, search on opportunities
    for each row execute function opportunity_words();

-- The rule of 0007, kept as a function: Postgres reads a check anew as well, and this one is short.
-- Whoever writes a row calls it, so everybody may, as is Postgres' default; it sees nothing but
-- what it is given.
create function status_agrees(category text, status text, rounds_status text) returns boolean
language plpgsql immutable parallel safe as $$
begin
    return category is distinct from 'internship'
        or strpos('shortlisted interviewed selected ghosted rejected', status)
            >= strpos('shortlisted interviewed selected ghosted rejected', rounds_status);
end
$$;
grant execute on function status_agrees to futuretracker_api;
alter table opportunities drop constraint status_agrees_with_rounds;
alter table opportunities add constraint status_agrees_with_rounds
    check (rounds_status is null or status_agrees(category, status, rounds_status)) not valid;

-- The same conditions without a sub-select, which each statement would prepare for each policy: on
-- a new row a check is made once anyway, and where a query names its owner Postgres compares the
-- two owners once, before it reads.
alter policy api_owner on opportunities
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
alter policy api_owner_only on opportunities
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
alter policy api_owner on audit_log
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
alter policy api_owner_only on audit_log
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid);

-- A user's rows are few, and in memory or on an SSD: to follow the index costs less than to sort.
alter role futuretracker_api set random_page_cost = 1.1;
