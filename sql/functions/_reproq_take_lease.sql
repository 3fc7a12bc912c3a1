create or replace function _reproq_take_lease(result_id bigint, lease_no bigint)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    perform _reproq_require_read_committed();
    delete from reproq_leases l
    where l.result_id = _reproq_take_lease.result_id
        and l.lease_no = _reproq_take_lease.lease_no;
    if not found then
        perform _reproq_refuse_lease(result_id, lease_no);
    end if;
end;
$$;

comment on function _reproq_take_lease(bigint, bigint) is
'Take the lease with this number off a run, or raise RQ001, RQ002 or RQ003.';
