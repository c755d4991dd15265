-- Read audit_log for the constraint of 0029. Nobody waits: this locks the table only against other
-- changes of its definition. A file of its own, so that 0033 is short, however often it is tried again.
alter table audit_log validate constraint audit_log_first;
