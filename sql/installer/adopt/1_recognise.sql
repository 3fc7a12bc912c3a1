-- Where nothing is installed yet, tables of our names are those of the reference implementation, to
-- be adopted with all that is in them, or somebody else's, and then nothing is touched. Which it is
-- their columns tell; an old layout may lack others than these.
do $recognise$
declare
    v_foreign text;
    v_found boolean;
begin
    perform set_config('reproq.adopting', '', true);
    if to_regclass(format('%I.reproq_migrations', current_schema())) is not null then
        if exists (select from reproq_migrations) then
            return;
        end if;
    end if;

    select
        string_agg(t.name, ', ' order by t.name) filter (
            where c.relkind <> 'r' or exists (
                select from unnest(t.columns) u (attname)
                where not exists (
                    select from pg_attribute a
                    where a.attrelid = c.oid and a.attname = u.attname and not a.attisdropped
                )
            )
        ),
        count(*) > 0
    into v_foreign, v_found
    from (
        values
        (
            'task_runs',
            '{result_id, queue_name, status, spec_json, spec_hash, run_after, attempts, worker_ids,
            errors_json, leased_by, leased_until}'::name[]
        ),
        ('periodic_tasks', '{name, cron_expr, task_path, payload_json, next_run_at}'),
        ('reproq_queue_controls', '{queue_name, paused}'),
        ('reproq_workers', '{worker_id, queues, last_seen_at}'),
        ('rate_limits', '{key, tokens_per_second, burst_size, current_tokens, last_refilled_at}'),
        ('workflow_runs', '{workflow_id, expected_count, callback_result_id, status}')
    ) t (name, columns)
    join pg_class c on c.relname = t.name
        and c.relnamespace = quote_ident(current_schema())::regnamespace;

    if v_foreign is not null then
        raise exception 'the schema % has tables of reproq''s names that are not reproq''s: %',
            current_schema(), v_foreign
            using errcode = 'RQ005',
            hint = 'Rename them, or install reproq into a schema of its own with --schema.';
    end if;
    if v_found then
        perform set_config('reproq.adopting', 'on', true);
    end if;
end
$recognise$;
