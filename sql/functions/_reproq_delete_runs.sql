create or replace function _reproq_delete_runs(result_ids bigint[])
returns integer
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_free bigint[];
    v_count integer := 0;
    v_id bigint;
    v_deferred boolean;
begin
    -- A run whose result a WAITING dependant still needs stays.
    v_free := array(
        select r.result_id
        from task_runs r
        where r.result_id = any(_reproq_delete_runs.result_ids)
            and r.finished_at is not null
            and not _reproq_is_needed(r.result_id)
        order by r.result_id
        for update of r skip locked
    );
    if v_free = '{}' then
        return 0;
    end if;

    -- Django's foreign keys are looked at when the transaction commits: by then it would be too
    -- late to keep a run.
    v_deferred := exists (
        select 1
        from pg_constraint k
        where k.contype = 'f' and k.confrelid = 'task_runs'::regclass and k.condeferrable
    );
    begin
        delete from task_runs r where r.result_id = any(v_free);
        get diagnostics v_count = row_count;
        if v_deferred then
            set constraints all immediate;
        end if;
    exception when foreign_key_violation then
        -- A table of the user's points at some of them: one by one, and those stay.
        v_count := 0;
        foreach v_id in array v_free loop
            begin
                delete from task_runs r where r.result_id = v_id;
                if v_deferred then
                    set constraints all immediate;
                end if;
                v_count := v_count + 1;
            exception when foreign_key_violation then
                raise notice 'reproq: run % is kept: a foreign key points at it', v_id
                using errcode = 'RQ102';
            end;
        end loop;
    end;
    if v_deferred then
        set constraints all deferred;
    end if;
    return v_count;
end;
$$;

comment on function _reproq_delete_runs(bigint[]) is
'Delete finished runs, except those that somebody has locked, a live dependant needs or a foreign key holds (NOTICE RQ102); how many.';
