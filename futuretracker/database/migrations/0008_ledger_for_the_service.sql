-- The service's role may see which migrations were applied: before it starts, a check says whether
-- this code is ahead of the database.

grant select on futuretracker_migrations to futuretracker_api;
create policy api_all on futuretracker_migrations for select to futuretracker_api using (true);
