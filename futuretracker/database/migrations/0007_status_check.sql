-- The same rule in few words: Postgres reads a check anew with each statement that writes, and the
-- long one took a twelfth of it. A status may not stand before the one that the rounds have shown.
-- Not validated, as rows that were there before are held to it from their next change on.

alter table opportunities drop constraint status_agrees_with_rounds;
alter table opportunities add constraint status_agrees_with_rounds check (
    category is distinct from 'internship'
    or strpos('shortlisted interviewed selected ghosted rejected', status)
        >= strpos('shortlisted interviewed selected ghosted rejected', rounds_status)
) not valid;
