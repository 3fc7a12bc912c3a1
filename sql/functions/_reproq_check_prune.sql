create or replace function _reproq_check_prune(max_tasks integer, dry_run boolean)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    if dry_run is null then
        perform _reproq_refuse('dry_run', 'must not be null', '22004');
    end if;
    -- (To count all of them, however many, does no harm.)
    if max_tasks is null and not dry_run or max_tasks not between 1 and 100000 then
        perform _reproq_refuse('max_tasks', 'must be between 1 and 100000');
    end if;
end;
$$;

comment on function _reproq_check_prune(integer, boolean) is
'Check how much a pruning may do. Errors: 22023, 22004.';
