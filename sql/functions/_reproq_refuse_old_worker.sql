create or replace function _reproq_refuse_old_worker()
returns trigger
language plpgsql
volatile
set search_path from current
as $$
begin
    raise exception 'run % cannot be made % by writing its record', new.result_id, new.status
    using errcode = 'RQ005',
        hint = 'A worker that does so is older than the schema: replace it. For people there are '
            'reproq_cancel and reproq_retry.';
end;
$$;

comment on function _reproq_refuse_old_worker() is
'Refuse a status that none of our functions writes: the run would stand in its record elsewhere than its ticket does. Errors: RQ005.';

-- Our functions are known by the search path that each of them pins, whose end no session has by
-- chance. An AFTER trigger whose condition is false costs next to nothing; a BEFORE trigger would
-- lock each record once more.
create or replace trigger reproq_refuse_old_worker
after update of status on task_runs
for each row
when (old.status <> new.status and current_setting('search_path') not like '%, pg_temp')
execute function _reproq_refuse_old_worker();
