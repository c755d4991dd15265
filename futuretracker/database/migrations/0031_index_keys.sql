-- Build indexes without a transaction.
create index concurrently opportunities_by_link on opportunities (user_id, link_key)
    where link_key is not null;
create index concurrently opportunities_by_name on opportunities (user_id, name_key)
    where name_key is not null;
