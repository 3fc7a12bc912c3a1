create or replace function _reproq_truncate_drained()
returns integer
language plpgsql
volatile
set search_path from current
-- Longer than a claim takes on a busy machine: with 20 ms a worker at its most never let it in. And
-- no longer, since every claim queues behind it.
set lock_timeout = '200ms'
as $$
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
    v_ring reproq_ring;
    v_part smallint;
begin
    select g.* into v_ring from reproq_ring g;
    if not coalesce(v_ring.rotate, true) or v_ring.truncate_after > v_now then
        return 0;
    end if;

    -- Look first without a lock: drained, worth it, and nobody on it for longer than the wait: a
    -- transaction that enqueued and stays open holds up one partition, not the others. (A prepared
    -- transaction has no process; since when a session of another role has its transaction only
    -- pg_read_all_stats may see, and without that it is for the lock to say.)
    select p.part into v_part
    from _reproq_ring_parts() p
    cross join lateral (
        select
            count(*) as users,
            bool_or(
                k.pid is null or a.xact_start < clock_timestamp() - interval '200 milliseconds'
            ) as for_long
        from pg_locks k
        left join pg_stat_activity a on a.pid = k.pid
        where k.locktype = 'relation'
            and k.database = (select d.oid from pg_database d where d.datname = current_database())
            and k.relation = format('reproq_ready_%s', p.part)::regclass
            and k.pid is distinct from pg_backend_pid()
    ) l
    where p.part <> coalesce(v_ring.current, 0)
        and p.bytes > 0
        and l.for_long is not true
        and not exists (select 1 from reproq_ready t where t.ring = p.part)
    order by l.users
    limit 1;
    -- One ticker at a time waits for it.
    if v_part is null
        or not pg_try_advisory_xact_lock(hashtextextended('reproq ring', 0)) then
        return 0;
    end if;

    begin
        perform _reproq_truncate_part(v_part);
    exception when lock_not_available then
        insert into reproq_ring (truncate_failures, truncate_after)
        values (1, v_now + interval '1 second')
        on conflict (only_row) do update set
            truncate_failures = reproq_ring.truncate_failures + 1,
            truncate_after = v_now + least(
                interval '5 minutes',
                interval '1 second' * power(2, least(reproq_ring.truncate_failures, 10))
            );
        return 0;
    end;
    insert into reproq_ring (truncate_failures) values (0)
    on conflict (only_row) do update set truncate_failures = 0, truncate_after = null;
    return 1;
end;
$$;

comment on function _reproq_truncate_drained() is
'Truncate a drained partition of the line if nobody uses it, waiting 200 ms at most and backing off from 1 s to 5 min; how many. For who holds no lock yet; where it is one the commit should follow.';
