create or replace function _reproq_fill_run()
returns trigger
language plpgsql
volatile
set search_path from current
as $$
declare
    v_now timestamptz := _reproq_now();
    v_finished boolean := new.status in ('SUCCESSFUL', 'FAILED', 'CANCELLED');
begin
    -- Nobody may say that somebody else did it. Asked only where it can be anybody but the owner.
    new.enqueued_by := case
        when session_user <> current_user or current_setting('role') <> 'none'
            then nullif(_reproq_caller(), current_user)
    end;
    new.task_path := coalesce(new.task_path, new.spec_json ->> 'task_path');
    -- Django's ORM writes '' where nothing was given.
    new.spec_hash := coalesce(nullif(new.spec_hash, ''), _reproq_spec_hash(new.spec_json::text));

    -- Whether a gate is full is for a claim to find, so a BLOCKED row comes in as a READY one.
    if new.status in ('READY', 'SCHEDULED', 'BLOCKED') then
        new.status := case when new.run_after > v_now then 'SCHEDULED' else 'READY' end;
    end if;
    -- (A RUNNING row may be given back to the line.)
    if new.status in ('READY', 'RUNNING') then
        -- The runs of one batch share enqueued_at, so that their ids decide.
        new.claim_order := _reproq_claim_order(
            new.queue_name, new.priority, greatest(new.enqueued_at, new.run_after)
        );
    end if;

    if new.status = 'RUNNING' then
        new.leased_by := coalesce(new.leased_by, 'unknown');
        new.leased_until := coalesce(new.leased_until, v_now + interval '5 minutes');
        new.lease_no := greatest(new.lease_no, 1);
    else
        new.leased_by := null;
        new.leased_until := null;
    end if;

    if v_finished then
        new.finished_at := coalesce(new.finished_at, v_now);
        new.delete_after := new.finished_at + new.result_ttl;
    else
        new.finished_at := null;
    end if;
    if new.status = 'FAILED' then
        new.failed_at := coalesce(new.failed_at, new.finished_at);
    end if;
    return new;
end;
$$;

comment on function _reproq_fill_run() is
'Fill what a new record leaves out: task path, hash, place in line, and the columns that follow its status.';

create or replace trigger reproq_fill_run
before insert on task_runs
for each row
-- The enqueue functions bring a plain run complete, known by its place, and a call for each would
-- take them longer than anything else. Short, since Postgres reads it from text at every statement.
when (
    (new.status = 'READY' and new.claim_order <> 0 and new.enqueued_by is null) is not true
)
execute function _reproq_fill_run();
