-- Search by substring: `search_text` holds what a search reads, normalised as a search term is.

-- Return a text without differences of case, accents and Unicode form. Triggers and queries call
-- it, so everything that is compared is normalised in the same way.
create function searchable(given pg_catalog.text) returns pg_catalog.text
language plpgsql immutable strict parallel safe as $$
declare
    found pg_catalog.text := given collate "default";
begin
    if found ~ '[^\u0001-\u007e]' then
        found := lower(normalize(found, NFKD));
        -- Combining marks of Latin, Greek, Cyrillic, Hebrew and Arabic, and invisible characters.
        -- The vowel signs of other scripts stay, because they tell words apart.
        found := regexp_replace(found,
            '[\u00ad\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1-\u05c7\u0610-\u061a'
            '\u064b-\u065f\u0670\u06d6-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f'
            '\u202a-\u202e\u2060-\u2064\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff]', '', 'g');
        -- Letters that Unicode does not decompose, dashes, quotation marks and spaces.
        found := replace(replace(replace(found, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
        found := translate(found,
            U&'øłđħıς\2010\2011\2012\2013\2014\2015\2212\2018\2019\201a\201c\201d\201e\0085\1680\2028\2029',
            'oldhiσ-------''''''"""    ');
    else
        found := lower(found);
    end if;
    if found ~ '[\u0009-\u000d]|  ' then
        found := regexp_replace(found, '[\u0009-\u000d ]+', ' ', 'g');
    end if;
    return found;
end
$$;
grant execute on function searchable to futuretracker_api;

alter table opportunities add column search_text text collate "C";
-- Each searched column is one line. U&'\0001' keeps a phrase within one column.
create function opportunity_search_text() returns trigger language plpgsql as $$
begin
    new.search_text := public.searchable(concat_ws(U&'\0001',
        new.title,
        new.description,
        new.link,
        new.notes
    ));
    return new;
end
$$;
drop trigger words_of_search on opportunities;
drop function opportunity_words();
create trigger search_text
    before insert or update of title, description, link, notes, search_text on opportunities
    for each row execute function opportunity_search_text();

-- Migration 0016 fills the column. The old column stays until the next release, because servers that
-- still run the old code name it.
