create or replace function reproq_tick(reclaim boolean default true)
returns table (
    woken integer,
    reclaimed integer,
    expired integer,
    fired integer,
    moved integer,
    rotated integer,
    pruned integer
)
language plpgsql
volatile
set search_path from current
as $$
begin
    perform _reproq_require_read_committed();
    -- Truncation comes first, since who waits for all that use a partition must hold nothing that
    -- one of them may wait for: a gate, a ticket. And alone, since claims wait for its commit.
    rotated := _reproq_truncate_drained();
    if rotated > 0 then
        return query values (0, 0, 0, 0, 0, rotated, 0);
        return;
    end if;

    -- What may wait for a lock comes before anything that locks a gate without asking for others.
    pruned := _reproq_delete_due(1000);
    select d.reclaimed, d.expired into reclaimed, expired
    from _reproq_settle_due(case when reclaim then 1000 else 0 end, 1000) d;
    -- Passes over a schedule that somebody else has locked, and what is new waits for nothing.
    fired := _reproq_fire_due(1000);
    woken := _reproq_wake_due(10000) + _reproq_sweep_gates() + _reproq_sweep_buckets(10000);
    moved := _reproq_turn_ring();
    return next;
end;
$$;

comment on function reproq_tick(boolean) is
'Keep time: wake what is due, reclaim lost leases (unless told not to), expire, fire schedules, delete results past their time to live, turn the ring of the line. Safe from any number of callers, each part bounded; returns what was done. With rotated 1 a drained partition of the line was truncated and nothing else done: the rest is for the next tick, which may follow at once. Errors: 25000 outside READ COMMITTED.';
