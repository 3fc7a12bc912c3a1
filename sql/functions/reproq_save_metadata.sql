create or replace function reproq_save_metadata(result_id bigint, lease_no bigint, metadata jsonb)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    if metadata is null or jsonb_typeof(metadata) <> 'object' then
        perform _reproq_refuse('metadata', 'must be a JSON object');
    end if;
    if _reproq_too_large(metadata) then
        perform _reproq_refuse('metadata', 'is larger than 1 MiB', 'RQ004');
    end if;
    if lease_no is not null then
        perform l.result_id
        from reproq_leases l
        where l.result_id = reproq_save_metadata.result_id
            and l.lease_no = reproq_save_metadata.lease_no
        for key share;
        if not found then
            perform _reproq_refuse_lease(result_id, lease_no);
        end if;
    end if;

    update task_runs r
    set metadata_json = metadata, updated_at = _reproq_now()
    where r.result_id = reproq_save_metadata.result_id;
    if not found then
        perform _reproq_refuse_unknown(result_id);
    end if;
end;
$$;

comment on function reproq_save_metadata(bigint, bigint, jsonb) is
'Replace the metadata of a run. A worker names its lease_no; with null any caller may write. Errors: RQ001, RQ002, RQ003, RQ004, 22023.';
