create or replace function _reproq_sweep_buckets(max_tasks integer)
returns integer
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
declare
    v_now timestamptz := _reproq_now();
    v_gate text;
    v_bucket rate_limits;
    v_line record;
    v_found integer;
    v_woken integer := 0;
begin
    for v_gate in select g.gate from _reproq_parked_gates('rate:', 'rate;') g loop
        select l.* into v_bucket
        from rate_limits l
        where l.key = substr(v_gate, length('rate:') + 1)
            and l.tokens_per_second > 0
            and l.burst_size > 0;
        if found then
            -- Its claims bring its runs back. Only workers that sleep have to hear of it.
            if _reproq_tokens(v_bucket) >= 1 then
                perform _reproq_wake_workers(
                    array(select l.queue_name from _reproq_parked_lines(v_gate) l)
                );
            end if;
        else
            -- It was deleted or disabled.
            for v_line in select * from _reproq_parked_lines(v_gate) loop
                exit when v_woken >= max_tasks;
                v_woken := v_woken + _reproq_unpark(_reproq_first_parked(
                    v_gate, v_line.queue_name, v_line.concurrency_limit, max_tasks - v_woken
                ));
            end loop;
        end if;
    end loop;

    for v_bucket in select l.* from rate_limits l where l.overrides_since is not null loop
        exit when v_woken >= max_tasks;
        v_found := _reproq_unpark(array(
            select b.result_id
            from reproq_blocked b
            inner join task_runs r on r.result_id = any(array[b.result_id])
            where b.gate >= 'rate:'
                and b.gate < 'rate;'
                and b.gate <> 'rate:' || v_bucket.key
                and r.status = 'BLOCKED'
                and v_bucket.key in ('task:' || r.task_path, 'queue:' || b.queue_name)
                and v_bucket.key = _reproq_bucket(r.task_path, b.queue_name)
            limit max_tasks - v_woken
            for update of b skip locked
            for no key update of r skip locked
        ));
        v_woken := v_woken + v_found;
        -- A claim that looked before the bucket was there may still be parking.
        if v_found = 0 and v_bucket.overrides_since < v_now - interval '10 seconds'
            and _reproq_take_bucket(v_bucket.key) is not null then
            update rate_limits l
            set overrides_since = null
            where l.key = v_bucket.key;
        end if;
    end loop;

    -- After the clock went back a bucket must not wait until it is where it was.
    update rate_limits l
    set last_refilled_at = v_now
    where l.last_refilled_at > v_now + interval '1 second'
        and _reproq_take_bucket(l.key) is not null;
    return v_woken;
end;
$$;

comment on function _reproq_sweep_buckets(integer) is
'Bring up to max_tasks runs back into the line that are parked at a token bucket which is none any more or is not theirs any more; tell workers of those whose bucket is open; how many were brought back.';
