create or replace function _reproq_find_lost(max_tasks integer)
returns bigint[]
language plpgsql
volatile
set search_path from current
as $$
declare
    v_now timestamptz := _reproq_now();
    v_began timestamptz := clock_timestamp();
    v_since timestamptz;
    v_took interval;
    v_lost bigint[];
begin
    -- (A clock that was put back makes no look a short one for long.)
    select k.looked_until - interval '10 seconds' into v_since
    from reproq_lost_look k
    where k.looked_until <= v_now
        and k.whole_after > v_now
        and k.whole_after <= v_now + interval '1 minute';

    v_lost := _reproq_take_lost(max_tasks, since => v_since);
    v_took := clock_timestamp() - v_began;

    -- While a snapshot is held vacuum removes nothing, and each look reads past every lease whose
    -- end has passed since: hundreds of milliseconds after some minutes. Then most looks see only
    -- what ran out lately, and one in fifty times its own length sees all: who committed late, was
    -- locked, or had to be left to its worker after a restart.
    if (v_since is not null or (v_lost = '{}' and v_took > interval '20 milliseconds'))
        and cardinality(v_lost) < max_tasks
        -- Who notes it must not wait for another ticker with what this one has locked.
        and pg_try_advisory_xact_lock(hashtextextended('reproq lost look', 0)) then
        insert into reproq_lost_look as k (looked_until, whole_after)
        values (v_now, v_now + least(v_took * 50, interval '1 minute'))
        on conflict (only_row) do update set
            looked_until = excluded.looked_until,
            whole_after = case
                when v_since is null then excluded.whole_after
                else k.whole_after
            end;
    end if;
    return v_lost;
end;
$$;

comment on function _reproq_find_lost(integer) is
'_reproq_take_lost for a tick: where dead leases make a look at all of them slow, it looks at those that ran out since the last look, and at all now and then.';
