begin;
select plan(6);
\ir helpers/setup.sql

-- What reproq_explain makes of it is in its own file; here, what it asks of this function alone.

create function place(id bigint) returns text language sql volatile as $$
    select string_agg(
        format('%s %s %s', p.reason, p.blocks, coalesce(p.not_before::text, '-')), ', ' order by p.reason
    )
    from task_runs r cross join lateral _reproq_explain_place(r, _reproq_now()) p
    where r.result_id = id
$$;

select enqueue('ready') as ready, enqueue('later', '{"run_in": 60}') as later \gset
select is(place(:ready), 'in_line f -', 'who stands in line is not blocked');
select is(place(:later), 'not_due t 2100-01-01 12:01:00+00', 'a time is a bound');
select started('running') as running \gset
select is(place(:running), 'running t infinity', 'who runs cannot be started');
select reproq_complete(:running, 1);
select is(place(:running), 'finished t infinity', 'nor who has finished');
insert into reproq_ready (ring, queue_name, claim_order, result_id)
select 2, t.queue_name, t.claim_order, t.result_id from reproq_ready t where t.result_id = :ready;
select is(place(:ready), 'in_line f -', 'a doubled ticket is one place');
delete from reproq_ready;
select is(place(:ready), 'no_ticket t infinity', 'none is none');

select * from finish();
rollback;
