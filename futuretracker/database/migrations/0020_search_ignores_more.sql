-- Search ignores more characters that cannot be seen, or that only stretch a word: the Arabic letter
-- mark, Mongolian and ideographic variation selectors, isolates of the writing direction, and the
-- tatweel. The modifier letter apostrophe is an apostrophe.
create or replace function searchable(given pg_catalog.text) returns pg_catalog.text
language plpgsql immutable strict parallel safe as $$
declare
    found pg_catalog.text := given collate "default";
begin
    if found ~ '[^\u0001-\u007e]' then
        found := lower(normalize(found, NFKD));
        -- Combining marks of Latin, Greek, Cyrillic, Hebrew and Arabic, and invisible characters.
        -- The vowel signs of other scripts stay, because they tell words apart.
        found := regexp_replace(found,
            '[\u00ad\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1-\u05c7\u0610-\u061a\u061c\u0640'
            '\u064b-\u065f\u0670\u06d6-\u06ed\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f'
            '\u202a-\u202e\u2060-\u206f\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff'
            '\U000e0020-\U000e007f\U000e0100-\U000e01ef]', '', 'g');
        -- Letters that Unicode does not decompose, dashes, quotation marks and spaces.
        found := replace(replace(replace(found, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
        found := translate(found,
            U&'øłđħıς\2010\2011\2012\2013\2014\2015\2212\2018\2019\201a\02bc\201c\201d\201e\0085\1680\2028\2029',
            'oldhiσ-------''''''''"""    ');
    else
        found := lower(found);
    end if;
    if found ~ '[\u0009-\u000d]|  ' then
        found := regexp_replace(found, '[\u0009-\u000d ]+', ' ', 'g');
    end if;
    return found;
end
$$;
