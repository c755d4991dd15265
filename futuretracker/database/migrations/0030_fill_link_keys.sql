-- Repeat until no row changes.
-- The trigger of migration 0026 sets the keys. No row that is older than it has a company.
update opportunities set link_key = null
where id in (
    select id from opportunities where link_key is null and link is not null limit 5000
);
