create or replace function reproq_reclaim(max_tasks integer default 1000)
returns integer
language plpgsql
volatile
set search_path from current
as $$
declare
    v_lost bigint[];
begin
    perform _reproq_require_read_committed();
    if max_tasks is null or max_tasks < 1 then
        perform _reproq_refuse('max_tasks', 'must be at least 1');
    end if;

    v_lost := _reproq_take_lost(max_tasks);
    if v_lost = '{}' then
        return 0;
    end if;
    perform _reproq_settle(v_lost, array_fill('lose'::text, array[cardinality(v_lost)]));
    return cardinality(v_lost);
end;
$$;

comment on function reproq_reclaim(integer) is
'Take back up to max_tasks runs whose lease ran out: READY again, FAILED (kind lease_lost) after max_lease_losses, CANCELLED when that was asked for; how many. Errors: 22023, 25000.';
