create or replace function _reproq_refuse_unknown(result_id bigint)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    raise exception 'there is no run %', coalesce(result_id::text, 'null')
    using errcode = 'RQ002', hint = 'It may have been pruned, or belong to another database.';
end;
$$;

comment on function _reproq_refuse_unknown(bigint) is 'Raise RQ002 for a run that does not exist.';
