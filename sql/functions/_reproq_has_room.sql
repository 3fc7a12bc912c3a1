create or replace function _reproq_has_room(gate text)
returns boolean
language plpgsql
volatile
set search_path from current
as $$
begin
    return exists (
        select 1
        from _reproq_parked_lines(gate) l
        where l.concurrency_limit > _reproq_places_taken(gate)
    );
end;
$$;

comment on function _reproq_has_room(text) is
'Whether a lock or a concurrency key, looked at without its advisory lock, has a free place for somebody who is parked there.';
