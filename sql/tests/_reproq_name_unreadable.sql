begin;
select no_plan();

select throws_ok(
    $$select _reproq_name_unreadable('[{"task_path": "a.b"}, {"dedup": true, "priority": "x"}]', 'specs[%s].', 'bad number')$$,
    '22023', 'specs[1].priority: bad number', 'the first value that is not of its parameter''s type is named'
);
select throws_ok(
    format('select _reproq_name_unreadable(''[{"%s": "x"}]'', ''nodes[%%s].'', ''bad'')', p), '22023', format('nodes[0].%s: bad', p),
    p || ' is read as its type'
)
from unnest('{
    priority,run_after,run_in,concurrency_limit,max_attempts,timeout_seconds,max_lease_losses,
    expires_in,result_ttl,backoff_base,backoff_cap,dedup,takes_context
}'::text[]) p;
select lives_ok(
    $$select _reproq_name_unreadable('[{"task_path": 1, "priority": "3", "run_in": 5, "expires_in": null}]', 'specs[%s].', 'bad')$$,
    'what can be read is not named'
);

select * from finish();
rollback;
