create or replace function reproq_prune_workers(
    older_than interval default '10 minutes',
    dry_run boolean default false
)
returns integer
language plpgsql
volatile
set search_path from current
as $$
declare
    v_stale text[];
begin
    if older_than is null
        or older_than not between interval '1 minute' and interval '1000 years' then
        perform _reproq_refuse('older_than', 'must be between 1 minute and 1000 years');
    end if;
    v_stale := array(
        select w.worker_id
        from reproq_workers w
        where w.last_seen_at < _reproq_now() - older_than
        order by w.worker_id
        for update skip locked
    );
    if dry_run then
        return cardinality(v_stale);
    end if;
    delete from reproq_workers w
    where w.worker_id = any(v_stale);
    return cardinality(v_stale);
end;
$$;

comment on function reproq_prune_workers(interval, boolean) is
'Forget workers that have not been seen for so long (at least a minute); how many. What they had claimed is taken back by its lease, not by this. dry_run only counts. Errors: 22023.';
