-- Schedules, limits, pauses, workers and workflows as the new layout wants them. A disabled limit
-- stays disabled, whatever disabled it.
do $settings$
begin
    if current_setting('reproq.adopting', true) is distinct from 'on' then
        return;
    end if;

    update rate_limits l
    set
        tokens_per_second = case
            -- (NaN sorts after infinity.)
            when l.tokens_per_second > 0 and l.tokens_per_second < 'infinity'
                then l.tokens_per_second
            else 0
        end,
        burst_size = greatest(l.burst_size, 0),
        current_tokens = greatest(least(l.current_tokens, greatest(l.burst_size, 0)), 0);
    insert into rate_limits (key) values ('global') on conflict do nothing;

    update periodic_tasks t
    set concurrency_limit = greatest(t.concurrency_limit, 0)
    where t.concurrency_limit < 0;

    update reproq_queue_controls c
    set paused_at = coalesce(c.updated_at, clock_timestamp())
    where c.paused and c.paused_at is null;

    -- Counted by the view workflow_runs from now on.
    alter table reproq_workflows
        drop column if exists success_count,
        drop column if exists failure_count,
        drop column if exists status,
        drop column if exists updated_at;
end
$settings$;
