create or replace function reproq_release(result_id bigint, lease_no bigint)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    perform _reproq_take_lease(result_id, lease_no);
    perform _reproq_settle(array[result_id], array['release']);
end;
$$;

comment on function reproq_release(bigint, bigint) is
'Give a claimed run back un-run, at its old place in line and without burning an attempt; one whose cancellation was requested ends CANCELLED. Errors: RQ001, RQ002, RQ003.';
