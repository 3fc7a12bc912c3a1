create or replace function reproq_resume_queue(queue text)
returns boolean
language plpgsql
volatile
set search_path from current
as $$
begin
    update reproq_queue_controls c
    set paused = false
    where c.queue_name = queue and c.paused;
    return found;
end;
$$;

comment on function reproq_resume_queue(text) is
'Start runs of a paused queue again, and wake its workers; whether it was paused.';
