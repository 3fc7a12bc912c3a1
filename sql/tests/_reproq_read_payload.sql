begin;
select plan(17);

select is(_reproq_read_payload(p.payload::jsonb)::text, row(p.args::jsonb, p.kwargs::jsonb)::text, p.payload)
from (
    values
        ('{"args": [1], "kwargs": {"a": 2}}', '[1]', '{"a": 2}'), ('{"args": [1]}', '[1]', '{}'),
        ('{"kwargs": {"a": 2}}', '[]', '{"a": 2}'), ('[1, 2]', '[1, 2]', '{}'), ('{"a": 2}', '[]', '{"a": 2}'),
        ('{}', '[]', '{}'), ('{"args": null, "kwargs": null}', '[]', '{}'),
        ('{"args": [1], "a": 2}', '[]', '{"args": [1], "a": 2}'), ('[]', '[]', '{}')
) p (payload, args, kwargs);
select throws_ok(
    format('select _reproq_read_payload(%L)', p), '22023',
    'payload_json: invalid payload JSON, must be {"args": [...], "kwargs": {...}}, an array or an object',
    coalesce(p, 'null') || ' is refused'
)
from unnest(array[
    '1', '"a"', 'null', 'true', '{"args": {}}', '{"kwargs": []}', '{"args": [], "kwargs": 1}', null
]) p;

select * from finish();
rollback;
