-- Repeat until no row changes.
-- The trigger sets the column as migration 0020 says. Only rows with one of these characters differ.
update opportunities set search_text = null
where id in (
    select id from opportunities
    where search_text ~ '[\u02bc\u061c\u0640\u180b-\u180f\u2065-\u206f\U000e0020-\U000e007f\U000e0100-\U000e01ef]'
    limit 5000
);
