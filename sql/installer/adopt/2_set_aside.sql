-- Takes the old tables out of the way of the migrations, with their rows and all that others built
-- on them, and drops what the new layout replaces: indexes, functions, jobs. Only what is known by
-- name to be the reference implementation's is dropped, and never with CASCADE.
do $set_aside$
declare
    v_schema constant oid := quote_ident(current_schema())::regnamespace;
    v_tables regclass[];
    v_command text;
    v_job bigint;
begin
    if current_setting('reproq.adopting', true) is distinct from 'on' then
        return;
    end if;

    v_tables := array(
        select c.oid::regclass
        from unnest('{
            task_runs, periodic_tasks, reproq_queue_controls, reproq_workers, rate_limits,
            workflow_runs
        }'::name[]) with ordinality t (name, place)
        join pg_class c on c.relname = t.name and c.relnamespace = v_schema
        order by t.place
    );
    -- All at once and first of all: from here on the old workers and producers wait.
    execute format('lock table %s in access exclusive mode', array_to_string(v_tables, ', '));

    for v_command in
        -- Foreign keys between the tables, as from parent_id: Django's flush would fail on them.
        select format('alter table %s drop constraint %I', o.conrelid::regclass, o.conname)
        from pg_constraint o
        where o.conrelid = any (v_tables) and (
            (o.contype = 'f' and o.confrelid = any (v_tables))
            or o.conname = 'task_runs_task_path_not_empty'
        )
        union all
        select format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass)
        from pg_trigger t
        join pg_proc p on p.oid = t.tgfoid
        where t.tgrelid = any (v_tables) and p.proname = 'reproq_task_path_from_spec'
        union all
        select format('drop index %s', i.indexrelid::regclass)
        from pg_index i
        join pg_class c on c.oid = i.indexrelid
        where i.indrelid = any (v_tables)
            and not exists (select from pg_constraint o where o.conindid = i.indexrelid)
            and (
                c.relname in (
                    'idx_task_runs_claim', 'idx_task_runs_claim_due', 'idx_task_runs_spec_unique',
                    'idx_task_runs_lock_key', 'idx_task_runs_concurrency_active',
                    'idx_task_runs_parent_id', 'idx_task_runs_workflow_id',
                    'idx_task_runs_failed_at', 'idx_task_runs_task_path',
                    'idx_periodic_tasks_next_run', 'idx_workflow_runs_callback'
                )
                -- Those that Django makes beside a text key or for a foreign key.
                or c.relname ~ ('^' || i.indrelid::regclass::text || '_[a-z_]+_[0-9a-f]{8}(_like)?$')
            )
        union all
        select format('drop function %s', p.oid::regprocedure)
        from pg_proc p
        where p.pronamespace = v_schema and (
            (
                p.proname = 'reproq_task_path_from_spec' and p.pronargs = 0
                and p.prorettype = 'trigger'::regtype
            ) or (
                p.proname = 'reproq_enqueue_periodic_task'
                and p.proargtypes[0] = 'text'::regtype and p.pronargs = 1
                and p.prorettype = 'void'::regtype
            )
        )
    loop
        execute v_command;
    end loop;

    -- One pg_cron job a schedule: from now on a tick fires them all. Whoever may not see a job
    -- cannot drop it; it goes on calling a function that fires no slot twice.
    if to_regclass('cron.job') is not null then
        if has_schema_privilege('cron', 'usage') and has_table_privilege('cron.job', 'select') then
            for v_job in execute
                'select j.jobid from cron.job j where j.database = current_database()'
                ' and j.jobname like ''reproq\_periodic%'''
                ' and j.command like ''%reproq\_enqueue\_periodic\_task(%'''
            loop
                execute 'select cron.unschedule($1)' using v_job;
            end loop;
        end if;
    end if;

    for v_command in
        select format('alter table %s rename to %I', t.id, 'reproq_old_' || c.relname)
        from unnest(v_tables) t (id)
        join pg_class c on c.oid = t.id
    loop
        execute v_command;
    end loop;
end
$set_aside$;
