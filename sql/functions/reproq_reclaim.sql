create or replace function reproq_reclaim(
    max_tasks integer default 1000,
    action text default 'requeue',
    older_than interval default '0',
    include_null_lease boolean default false,
    dry_run boolean default false
)
returns integer
language plpgsql
volatile
set search_path from current
as $$
declare
    v_lost bigint[];
begin
    perform _reproq_require_read_committed();
    if max_tasks is null and dry_run is distinct from true or max_tasks < 1 then
        perform _reproq_refuse('max_tasks', 'must be at least 1');
    end if;
    if action is null or action not in ('requeue', 'fail') then
        perform _reproq_refuse('action', 'must be requeue or fail');
    end if;
    if older_than is null or older_than not between interval '0' and interval '1000 years' then
        perform _reproq_refuse('older_than', 'must be between 0 and 1000 years');
    end if;

    if dry_run then
        return cardinality(_reproq_lost(max_tasks, older_than, include_null_lease));
    end if;
    v_lost := _reproq_take_lost(max_tasks, older_than);
    if include_null_lease then
        v_lost := v_lost || _reproq_unleased(max_tasks - cardinality(v_lost));
    end if;
    if v_lost = '{}' then
        return 0;
    end if;
    if action = 'requeue' then
        perform _reproq_settle(v_lost, array_fill('lose'::text, array[cardinality(v_lost)]));
    else
        perform _reproq_settle(
            v_lost,
            array_fill('fail'::text, array[cardinality(v_lost)]),
            array(
                select jsonb_build_object('kind', 'lease_lost', 'message', format(
                    'lease_lost: worker %s did not renew its lease in time', r.leased_by
                ))
                from unnest(v_lost) with ordinality l (result_id, place)
                inner join task_runs r on r.result_id = any(array[l.result_id])
                order by l.place
            ),
            retries => array_fill(false, array[cardinality(v_lost)])
        );
    end if;
    return cardinality(v_lost);
end;
$$;

comment on function reproq_reclaim(integer, text, interval, boolean, boolean) is
'Take back up to max_tasks runs whose lease ran out, so long ago (older_than); how many. action requeue: READY again, FAILED (kind lease_lost) after max_lease_losses; fail: FAILED at once; CANCELLED when that was asked for. include_null_lease takes RUNNING runs that have lost their lease row, too, for which it reads every record. dry_run only counts, all of them where max_tasks is null. Errors: 22023, 25000.';
