create or replace function _reproq_bucket(task_path text, queue_name text)
returns text
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    return (
        select l.key
        from (
            values (1, 'task:' || task_path), (2, 'queue:' || queue_name), (3, 'global')
        ) k (place, key)
        inner join rate_limits l on l.key = any(array[k.key])
        where l.tokens_per_second > 0 and l.burst_size > 0
        order by k.place
        limit 1
    );
end;
$$;

comment on function _reproq_bucket(text, text) is
'The key of the token bucket that a start of such a run is paid from: the first of task, queue and global that is enabled; null without any.';
