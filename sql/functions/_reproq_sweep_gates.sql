create or replace function _reproq_sweep_gates()
returns integer
language plpgsql
volatile
set search_path from current
as $$
begin
    -- Those that are full, as most are, take no lock and hide nobody.
    return _reproq_wake_gates(
        array(
            select g.gate
            from _reproq_parked_gates('key:', 'rate:') g
            where _reproq_has_room(g.gate)
            limit 1000
        ),
        false
    );
end;
$$;

comment on function _reproq_sweep_gates() is
'Wake parked runs wherever a lock or a concurrency key has a free place; how many.';
