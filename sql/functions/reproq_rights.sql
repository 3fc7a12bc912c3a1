create or replace function reproq_rights()
returns table (kind text, function_name text)
language sql
stable
set search_path from current
as $$
    select k.kind, f.name
    from (
        values
        (
            'producer', '{
                reproq_enqueue, reproq_enqueue_many, reproq_enqueue_workflow, reproq_results
            }'::text[]
        ),
        (
            'worker', '{
                reproq_register_worker, reproq_claim, reproq_predecessor_results, reproq_heartbeat,
                reproq_save_metadata, reproq_finish, reproq_complete, reproq_fail, reproq_release,
                reproq_retire_worker, reproq_tick, reproq_reclaim, reproq_enqueue_periodic_task,
                reproq_stats, reproq_gauges
            }'
        ),
        (
            'operator', '{
                reproq_cancel, reproq_retry, reproq_replay, reproq_replay_spec,
                reproq_retry_failed, reproq_discard, reproq_delete, reproq_cancel_workflow,
                reproq_retry_workflow, reproq_prune, reproq_prune_expired, reproq_prune_workers,
                reproq_reclaim, reproq_pause_queue, reproq_resume_queue,
                reproq_set_aging, reproq_set_rate_limit, reproq_delete_rate_limit,
                reproq_enqueue_periodic_task, reproq_cron_next,
                reproq_explain, reproq_results, reproq_states, reproq_stats, reproq_counts,
                reproq_gauges, reproq_failed_runs, reproq_inspect, reproq_find_runs,
                reproq_throughput, reproq_task_times, reproq_limits, reproq_rate_limits,
                reproq_workflow, reproq_known_workers, reproq_recent_runs, reproq_schedules,
                reproq_violations, reproq_repair
            }'
        ),
        -- No arguments, no results, no messages, and no names of locks and keys either.
        (
            'observer', '{
                reproq_states, reproq_stats, reproq_counts, reproq_gauges, reproq_find_runs,
                reproq_throughput, reproq_known_workers, reproq_recent_runs, reproq_schedules
            }'
        ),
        -- What every client may ask before it begins.
        ('producer', '{reproq_installed, reproq_rights}'),
        ('worker', '{reproq_installed, reproq_rights}'),
        ('operator', '{reproq_installed, reproq_rights}'),
        ('observer', '{reproq_installed, reproq_rights}')
    ) k (kind, names)
    cross join unnest(k.names) f (name);
$$;

comment on function reproq_rights() is
'Which functions each kind of role may call where roles are told apart: producer, worker, operator, observer. `reproq grant` gives a role what its kind may call.';
