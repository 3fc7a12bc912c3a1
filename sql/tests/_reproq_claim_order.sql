begin;
select no_plan();

insert into reproq_queue_controls (queue_name, aging)
values ('strict', '0'), ('quick', '1 second'), ('slow', '100 years'), ('paused', null);
select is(
    _reproq_claim_order('q', 0, 'epoch'), 0::bigint, 'the place of a plain run is its ready time'
);
select is(
    _reproq_claim_order('q', 0, '1970-01-01 00:00:01.000002Z'), 1000002::bigint, 'in microseconds'
);
select is(_reproq_claim_order(a.queue, a.priority, 'epoch'), a.place, a.name)
from (values
    ('a point of priority is worth 60 s', 'q', 1, -60000000::bigint),
    ('a point below 0 costs as much', 'q', -1, 60000000),
    ('a queue with other settings has the default aging', 'paused', 2, -120000000),
    ('aging is the queue''s own', 'quick', 3, -3000000),
    ('an aging of 0 is a century a point', 'strict', 1, -3155760000000000),
    ('priority counts up to 1000', 'quick', 2147483647, -1000000000),
    ('and down to -1000', 'quick', -2147483648, 1000000000)
) a (name, queue, priority, place);
select lives_ok(
    format('select _reproq_claim_order(''slow'', %s, %L)', p, t), 'no overflow at ' || p || ', ' || t
)
from unnest('{1000,-1000}'::integer[]) p, unnest('{0001-01-02,9999-12-30}'::text[]) t;

select * from finish();
rollback;
