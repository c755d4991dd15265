-- The columns that a search reads are one list: the arguments of `search_columns`, in the last call. A
-- migration that adds one calls it with all of them (CONTRIBUTING.md, "Make a column searchable").

-- Write the columns into the function and the trigger that set `search_text`. So an update of other
-- columns does not call the function at all. Comparing old and new texts in it would cost such an
-- update 1 us, and 100 us if the texts are long enough to be compressed.
create function search_columns(variadic columns text[]) returns void language plpgsql as $$
declare
    texts text := (select string_agg(format('new.%I', name), ', ') from unnest(columns) as name);
    names text := (select string_agg(format('%I', name), ', ') from unnest(columns) as name);
begin
    -- U&'\0001' keeps a phrase within one column.
    execute format(
        'create or replace function opportunity_search_text() returns trigger language plpgsql as %L',
        format(
            'begin new.search_text := public.searchable(concat_ws(U&''\0001'', %s)); return new; end',
            texts
        )
    );
    execute format(
        'create or replace trigger search_text before insert or update of %s, search_text'
        ' on opportunities for each row execute function opportunity_search_text()',
        names
    );
end
$$;
revoke all on function search_columns from public;

select search_columns('title', 'description', 'link', 'notes');

-- A search reads this column of all the user's rows, so Postgres must not compress it: for texts of
-- 5,000 characters a search costs half as much CPU. Rows that exist change when their text does.
alter table opportunities alter column search_text set storage external;
