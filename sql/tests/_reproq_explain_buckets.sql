begin;
select plan(7);
\ir helpers/setup.sql

create function buckets(id bigint) returns text language sql volatile as $$
    select string_agg(
        format('%s %s %s %s', b.detail ->> 'gate', b.blocks, b.detail ->> 'lifted', b.not_before - _reproq_now()),
        ', ' order by b.detail ->> 'gate'
    )
    from task_runs r cross join lateral _reproq_explain_buckets(r, _reproq_now()) b
    where r.result_id = id
$$;

select enqueue('a') as a \gset
select is(buckets(:a), null, 'without a limit there is nothing to say');
select reproq_set_rate_limit('global', 0.1, 1), reproq_set_rate_limit('queue:other', 0.1, 1);
select is(buckets(:a), null, 'nor with a token left');
select started('spends') as spends \gset
select is(buckets(:a), 'rate:global t false 00:00:10', 'an empty bucket, and when its next token comes');
select claims();
select reproq_set_rate_limit('queue:default', 0.5, 1);
select is(
    buckets(:a), 'rate:global t false ',
    'parked at one that is not its own any more: the tick frees it, no token bounds it'
);
update rate_limits set current_tokens = 0, last_refilled_at = _reproq_now() where key = 'queue:default';
select is(
    buckets(:a), 'rate:global t false , rate:queue:default t false 00:00:02', 'its own is empty, too'
);
select reproq_delete_rate_limit('global');
select is(
    buckets(:a), 'rate:global t true , rate:queue:default t false 00:00:02',
    'parked at one that is gone'
);
select is(buckets(:spends), null, 'who runs has paid');

select * from finish();
rollback;
