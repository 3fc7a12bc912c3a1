create or replace function _reproq_now()
returns timestamptz
language plpgsql
volatile
set search_path from current
as $$
begin
    -- Not now(): a task enqueued late in a long transaction must not look old.
    return clock_timestamp();
end;
$$;

comment on function _reproq_now() is
'The only clock of the queue; tests replace it, and no setting can move it.';
