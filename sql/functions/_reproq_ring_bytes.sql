create or replace function _reproq_ring_bytes(part smallint)
returns bigint
language sql
volatile
set search_path from current
as $$
    select case part
        when 0 then pg_relation_size('reproq_ready_0')
        when 1 then pg_relation_size('reproq_ready_1')
        else pg_relation_size('reproq_ready_2')
    end;
$$;

comment on function _reproq_ring_bytes(smallint) is
'Bytes of one partition of the line, dead tickets included; 0 once it is truncated.';
