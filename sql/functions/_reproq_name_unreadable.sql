create or replace function _reproq_name_unreadable(specs jsonb, prefix text, problem text)
returns void
language plpgsql
volatile
set search_path from current
as $$
declare
    v_one record;
begin
    for v_one in
        select e.place, k.key, k.value
        from jsonb_array_elements(specs) with ordinality e (spec, place)
        cross join lateral jsonb_each(e.spec) k
        order by e.place, k.key
    loop
        begin
            perform s.task_path
            from jsonb_to_record(jsonb_build_object(v_one.key, v_one.value)) s (
                task_path text, priority integer, run_after timestamptz, run_in interval,
                concurrency_limit integer, max_attempts integer, timeout_seconds integer,
                max_lease_losses integer, expires_in interval, result_ttl interval,
                backoff_base interval, backoff_cap interval, dedup boolean, takes_context boolean
            );
        exception when data_exception then
            perform _reproq_refuse(
                format(prefix, v_one.place - 1) || v_one.key, _reproq_name_unreadable.problem
            );
        end;
    end loop;
end;
$$;

comment on function _reproq_name_unreadable(jsonb, text, text) is
'Raise 22023 for the first value of specs that is not of its parameter''s type. prefix names the place of a spec.';
