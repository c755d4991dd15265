-- Repeat until no row changes.
-- The trigger of migration 0015 sets the column. In one statement, a million rows would be locked
-- for two minutes.
update opportunities set search_text = null
where id in (select id from opportunities where search_text is null limit 5000);
