create or replace function _reproq_places_taken(gate text)
returns integer
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set jit = off
as $$
begin
    if gate like 'lock:%' then
        return (
            select count(*)
            from reproq_leases l
            where l.lock_key = substr(gate, length('lock:') + 1)
        );
    end if;
    return (
        select count(*)
        from reproq_leases l
        where l.concurrency_key = substr(gate, length('key:') + 1)
    );
end;
$$;

comment on function _reproq_places_taken(text) is
'How many RUNNING runs hold a place at a lock or a concurrency key; ask under the gate''s advisory lock.';
