-- The service's role says who did what in which request. Postgres alone says when: the role could
-- insert any time and any number before.

revoke insert on audit_log from futuretracker_api;
grant insert (user_id, actor, action, resource_id, details, request_id)
    on audit_log to futuretracker_api;
