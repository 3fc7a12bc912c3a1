create or replace function _reproq_refuse_old_worker()
returns trigger
language plpgsql
volatile
set search_path from current
as $$
begin
    raise exception 'the status of a run is written by functions of reproq alone'
    using errcode = 'RQ005',
        hint = 'A worker that writes it by itself is older than the schema: replace it. For people '
            'there are reproq_cancel and reproq_retry.';
end;
$$;

comment on function _reproq_refuse_old_worker() is
'Refuse statements that write the status of runs by themselves: the record would say otherwise than the ticket. Errors: RQ005.';

-- Our functions are known by the search path that each of them pins, whose end no session has by
-- chance. Once a statement, and before it: an old worker is told also while its queue is empty, and
-- no row pays for it.
create or replace trigger reproq_refuse_old_worker
before update of status on task_runs
for each statement
when (current_setting('search_path') not like '%, pg_temp')
execute function _reproq_refuse_old_worker();
