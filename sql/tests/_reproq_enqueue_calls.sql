begin;
select no_plan();
\ir helpers/setup.sql

-- Whatever is common, the records are those of whole specs.

create temporary table common (place integer generated always as identity, given jsonb);
insert into common (given) values
('{"task_path": "a.b"}'),
('{"task_path": "a.b", "queue": "m[]{}il", "priority": -5, "takes_context": true, "backend_alias": "x"}'),
('{"task_path": "a.b", "run_after": "2100-01-01T20:02:03Z", "expires_in": 86400, "result_ttl": 5}'),
('{"task_path": "a.b", "run_in": 60, "lock_key": "[]", "metadata": {"a": []}, "max_lease_losses": 7}'),
('{"task_path": "a.b", "concurrency_key": "{}", "concurrency_limit": 2, "max_attempts": 9, "timeout_seconds": 8}'),
('{"task_path": "a.b", "provenance": {"code_ref": "[]", "pip_lock_hash": "{}"}, "backoff_base": 2, "backoff_cap": 3}'),
('{"task_path": "a.b", "dedup": false, "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}');

create function records(ids bigint[]) returns jsonb language sql volatile as
$$select jsonb_agg(to_jsonb(r) - '{result_id,updated_at}'::text[] order by r.spec_hash)
from task_runs r where r.result_id = any(ids)$$;

create temporary table seen (place integer, whole jsonb, calls jsonb);
do $$
declare
    c_calls constant jsonb := '[{"args": [1, "[]"]}, {"kwargs": {"a": {}}}, {}, {"args": [], "kwargs": {"é\"": null}}]';
    v_one record;
    v_whole jsonb;
begin
    for v_one in select * from common loop
        begin
            v_whole := records(_reproq_enqueue_specs(
                (select jsonb_agg(v_one.given || e.call) from jsonb_array_elements(c_calls) e (call)), ''
            ));
            -- Undone, so that the others do not join them.
            raise exception using errcode = 'TEST1';
        exception when sqlstate 'TEST1' then null;
        end;
        insert into seen values (v_one.place, v_whole, records(_reproq_enqueue_calls(c_calls, v_one.given)));
    end loop;
end;
$$;
select is(s.calls, s.whole, c.given::text) from seen s inner join common c using (place) order by place;
select is(
    (select count(*)::integer from seen s where jsonb_array_length(s.calls) = 4), 7, 'none is missing'
);

-- All of them are new, or none is inserted.

select _reproq_enqueue_calls('[{"args": [7]}, {"args": [6]}, {}]', '{"task_path": "new.ones"}') as ids \gset
select is(
    (select array_agg(r.spec_json -> 'args' order by i.place)
    from unnest(:'ids'::bigint[]) with ordinality i (id, place) inner join task_runs r on r.result_id = i.id),
    '{[7],[6],[]}'::jsonb[], 'ids come in the order of the calls'
);
select throws_ok(
    $$select _reproq_enqueue_calls('[{"args": [5]}, {"args": [6]}]', '{"task_path": "new.ones"}')$$,
    '23505', null, 'one that meets a live twin stops them all'
);
select throws_ok(
    $$select _reproq_enqueue_calls('[{"args": [5]}, {"args": [5]}]', '{"task_path": "new.ones"}')$$,
    '23505', null, 'so does a twin of their own'
);
select is(
    (select count(*)::integer from task_runs where task_path = 'new.ones'), 3, 'nothing is left of them'
);
select is(_reproq_enqueue_calls('[]', '{"task_path": "a.b"}'), '{}', 'no calls, no ids');
select throws_ok(
    $$select _reproq_enqueue_calls('[{}]', '{"task_path": "a.b", "queues": 1}')$$, '22023',
    'common.queues: is no parameter of reproq_enqueue', 'what is wrong in common is named'
);
select is_empty('select * from reproq_violations()', 'no invariant is broken');

-- Rows are written in the order of their hashes, so that two batches never deadlock (I6).

\ir helpers/written.sql
select _reproq_enqueue_calls(
    (select jsonb_agg(jsonb_build_object('args', jsonb_build_array(n))) from generate_series(1, 50) n),
    '{"task_path": "order.of.hashes"}'
);
select is(
    (select array_agg(result_id order by place) from written),
    (select array_agg(result_id order by spec_hash) from task_runs where task_path = 'order.of.hashes'),
    'rows are written in the order of their hashes'
);

select * from finish();
rollback;
