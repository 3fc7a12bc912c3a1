create or replace function _reproq_check_claim(
    worker_id text,
    queues text[],
    max_tasks integer,
    lease interval,
    wait interval
)
returns boolean
language plpgsql
volatile
set search_path from current
as $$
begin
    -- In one expression, since each is set up anew by every claim; the broken rule is named after.
    if worker_id ~ '\S'
        and length(worker_id) <= 255
        and cardinality(queues) between 1 and 1000
        and array_ndims(queues) = 1
        and array_position(queues, null) is null
        and max_tasks >= 1
        and lease between interval '1 millisecond' and interval '30 days'
        and wait between interval '0' and interval '1 hour' then
        return true;
    end if;

    if worker_id is null or worker_id !~ '\S' or length(worker_id) > 255 then
        perform _reproq_refuse('worker_id', 'must be a name of 1 to 255 characters');
    end if;
    if queues is null or cardinality(queues) not between 1 and 1000 or array_ndims(queues) <> 1
        or array_position(queues, null) is not null then
        perform _reproq_refuse('queues', 'must be 1 to 1000 names, none of them null');
    end if;
    if max_tasks is null or max_tasks < 1 then
        perform _reproq_refuse('max_tasks', 'must be at least 1');
    end if;
    perform _reproq_check_lease(lease);
    if wait is null or wait not between interval '0' and interval '1 hour' then
        perform _reproq_refuse('wait', 'must be between 0 and 1 hour');
    end if;
    return true;
end;
$$;

comment on function _reproq_check_claim(text, text[], integer, interval, interval) is
'True for arguments that reproq_claim takes; else raises 22023.';
