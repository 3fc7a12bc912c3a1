create or replace function reproq_pause_queue(queue text, reason text default null)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    insert into reproq_queue_controls as c (queue_name, paused, reason)
    values (queue, true, reproq_pause_queue.reason)
    on conflict (queue_name) do update set
        paused = true,
        reason = coalesce(excluded.reason, c.reason);
end;
$$;

comment on function reproq_pause_queue(text, text) is
'Start no more runs of a queue, from the commit on; what runs goes on, and enqueue takes more. Errors: 22023.';
