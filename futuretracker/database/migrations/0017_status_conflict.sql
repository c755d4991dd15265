-- A user may set any status, also one that the interview rounds contradict: boards of existing clients
-- cannot change the rounds. The service computes the contradiction when it reads an opportunity, with
-- status_agrees. The constraint refused such a status.
alter table opportunities drop constraint status_agrees_with_rounds;
