create or replace function reproq_fail(
    result_id bigint,
    lease_no bigint,
    error jsonb,
    retry boolean default true,
    retry_in interval default null
)
returns text
language plpgsql
volatile
set search_path from current
as $$
begin
    if jsonb_typeof(error) <> 'object' then
        perform _reproq_refuse('error', 'must be a JSON object');
    end if;
    if retry_in not between interval '0' and interval '10 years' then
        perform _reproq_refuse('retry_in', 'must be between 0 and 10 years');
    end if;
    perform _reproq_take_lease(result_id, lease_no);
    return (_reproq_settle(
        array[result_id],
        array[case when error ->> 'kind' = 'cancelled' then 'cancel' else 'fail' end],
        errors => array[error],
        retries => array[coalesce(retry, true)],
        delays => array[retry_in]
    )).statuses[1];
end;
$$;

comment on function reproq_fail(bigint, bigint, jsonb, boolean, interval) is
'Record a failed attempt and return the new status: SCHEDULED or READY when it is tried again (after retry_in, or the run''s backoff), FAILED when not, CANCELLED when that was asked for. error takes kind, exception_class, message, traceback. Errors: RQ001, RQ002, RQ003, 22023.';
