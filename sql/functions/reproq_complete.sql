create or replace function reproq_complete(
    result_id bigint,
    lease_no bigint,
    return_json jsonb default 'null'
)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    perform _reproq_take_lease(result_id, lease_no);
    perform _reproq_settle(
        array[result_id], array['complete'], return_values => array[return_json]
    );
end;
$$;

comment on function reproq_complete(bigint, bigint, jsonb) is
'End a RUNNING run as SUCCESSFUL with its result; one above 1 MiB ends it FAILED, kind result_too_large. Errors: RQ001 the lease is not current, RQ002 no such run, RQ003 already recorded.';
