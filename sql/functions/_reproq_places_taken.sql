create or replace function _reproq_places_taken(gate text)
returns jsonb
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
as $$
begin
    if gate like 'lock:%' then
        return (
            select coalesce(jsonb_agg(1), '[]')
            from reproq_leases l
            where l.lock_key = substr(gate, length('lock:') + 1)
        );
    end if;
    return (
        select coalesce(jsonb_agg(l.slot), '[]')
        from reproq_leases l
        where l.concurrency_key = substr(gate, length('key:') + 1)
    );
end;
$$;

comment on function _reproq_places_taken(text) is
'The slots that RUNNING runs hold at a gate; ask under the gate''s advisory lock.';
