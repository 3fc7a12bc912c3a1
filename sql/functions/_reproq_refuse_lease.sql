create or replace function _reproq_refuse_lease(result_id bigint, lease_no bigint)
returns void
language plpgsql
volatile
set search_path from current
as $$
declare
    v_status text;
    v_lease_no bigint;
begin
    if result_id is null or lease_no is null then
        perform _reproq_refuse('result_id and lease_no', 'must not be null', '22004');
    end if;
    select r.status, r.lease_no into v_status, v_lease_no
    from task_runs r
    where r.result_id = _reproq_refuse_lease.result_id;

    if v_status is null then
        perform _reproq_refuse_unknown(result_id);
    elsif v_lease_no <> lease_no or v_status not in ('SUCCESSFUL', 'FAILED', 'CANCELLED') then
        raise exception 'lease % of run % is not current: the run is % with lease %',
            lease_no, result_id, v_status, v_lease_no
        using errcode = 'RQ001', hint = 'The run was reclaimed or given back; drop this outcome.';
    else
        raise exception 'run % is already %', result_id, v_status
        using errcode = 'RQ003', hint = 'Its outcome was recorded before; nothing has changed.';
    end if;
end;
$$;

comment on function _reproq_refuse_lease(bigint, bigint) is
'Raise the error that says why a lease is not held: RQ002 unknown run, RQ003 recorded before, RQ001 outdated.';
