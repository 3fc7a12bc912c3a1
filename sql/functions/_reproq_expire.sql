create or replace function _reproq_expire(result_ids bigint[])
returns integer
language plpgsql
volatile
set search_path from current
as $$
declare
    v_taken bigint[];
begin
    perform _reproq_require_read_committed();
    perform _reproq_lock_dependants(null, result_ids);
    v_taken := _reproq_take_tickets(result_ids);
    if v_taken <> '{}' then
        perform _reproq_settle(v_taken, array_fill('expire'::text, array[cardinality(v_taken)]));
    end if;
    return cardinality(v_taken);
end;
$$;

comment on function _reproq_expire(bigint[]) is
'End runs that were not picked up in time: FAILED, kind expired. Their number, without those that another session holds.';
