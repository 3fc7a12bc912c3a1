begin;
select no_plan();
\ir helpers/setup.sql

-- Where each outcome leads. The callers take the tickets; here they are dropped by hand.

create function settle(name text, outcome text, options jsonb default '{}', retry boolean default true,
    cancelled boolean default false)
returns text language plpgsql volatile as $$
declare
    v_id bigint;
begin
    delete from task_runs;
    v_id := started(name, options);
    if cancelled then
        perform reproq_cancel(v_id);
    end if;
    delete from reproq_leases where result_id = v_id;
    perform _reproq_settle(array[v_id], array[outcome], retries => array[retry]);
    return (
        select concat_ws(' ', r.status, tickets_of(v_id), 'attempts', r.attempts, 'losses', r.lease_losses)
        from task_runs r where r.result_id = v_id
    );
end;
$$;
select is(settle(o.name, o.outcome, o.options, o.retry, o.cancelled), o.leads_to, o.name)
from (values
    ('complete', 'complete', '{}'::jsonb, true, false, 'SUCCESSFUL none attempts 1 losses 0'),
    ('complete beside a cancel', 'complete', '{}', true, true, 'SUCCESSFUL none attempts 1 losses 0'),
    ('fail, and try again', 'fail', '{}', true, false, 'SCHEDULED scheduled attempts 1 losses 0'),
    ('fail, and try at once', 'fail', '{"backoff_base": 0}', true, false, 'READY ready attempts 1 losses 0'),
    ('fail for good', 'fail', '{}', false, false, 'FAILED none attempts 1 losses 0'),
    ('fail at the last attempt', 'fail', '{"max_attempts": 1}', true, false, 'FAILED none attempts 1 losses 0'),
    ('fail beside a cancel', 'fail', '{}', true, true, 'CANCELLED none attempts 1 losses 0'),
    ('release', 'release', '{}', true, false, 'READY ready attempts 0 losses 0'),
    ('release beside a cancel', 'release', '{}', true, true, 'CANCELLED none attempts 0 losses 0'),
    ('lose', 'lose', '{}', true, false, 'READY ready attempts 0 losses 1'),
    ('lose beside a cancel', 'lose', '{}', true, true, 'CANCELLED none attempts 0 losses 0'),
    ('lose for the last time', 'lose', '{"max_lease_losses": 0}', true, false, 'FAILED none attempts 0 losses 0'),
    ('cancel', 'cancel', '{}', true, false, 'CANCELLED none attempts 1 losses 0'),
    ('expire', 'expire', '{}', true, false, 'FAILED none attempts 1 losses 0')
) o (name, outcome, options, retry, cancelled, leads_to);

-- A batch: each run by its own outcome.

delete from task_runs;
select started('a', '{"lock_key": "a"}') as a, started('b') as b, started('c') as c \gset
delete from reproq_leases;
create temp table answer as
select u.result_id, u.status from _reproq_settle(
    array[:a, :b, :c, 77], '{complete,fail,fail,complete}',
    errors => array[null, '{"message": "x"}', null]::jsonb[],
    return_values => array['7', null, null]::jsonb[],
    retries => '{null,t,t}', delays => '{null,1 hour,null}',
    metadatas => array[null, '{"m": 1}', null]::jsonb[],
    logs_uris => array[null, '/logs/b', null, null]
) s, unnest(s.settled_ids, s.statuses) u (result_id, status);
select set_eq(
    'select * from answer',
    format('values (%s, ''SUCCESSFUL''), (%s, ''SCHEDULED''), (%s, ''SCHEDULED'')', :a, :b, :c),
    'each run is answered; one that is gone is not'
);
select is((run(:a)).return_json, '7', 'its result');
select is((run(:b)).run_after, _reproq_now() + '1 hour', 'its delay');
select is((run(:c)).run_after, _reproq_now() + '30 s', 'or its backoff');
select is((run(:b)).metadata_json, '{"m": 1}', 'its metadata');
select is((run(:b)).last_error, 'x', 'its error');
select is((run(:b)).logs_uri, '/logs/b', 'and where its log is');

-- A finished record is settled by nobody (I22).

select (run(:a))::text as before \gset
select is(
    (_reproq_settle(array[:a], array[o])).settled_ids, null, o || ' of a finished run does nothing'
)
from unnest('{complete,fail,cancel,release,lose,expire,free}'::text[]) o;
select is((run(:a))::text, :'before', 'its record stays as it is');

-- What stands in the way by mistake does not keep an outcome from being recorded (I52).

select started('d') as d \gset
insert into reproq_scheduled values (:d, '2099-01-01');
select is(reproq_fail(:d, 1, '{}'), 'SCHEDULED', 'a ticket left in the schedule stops nothing');
select is(
    (select run_after from reproq_scheduled where result_id = :d), _reproq_now() + '30 s',
    'and tells the right time now'
);
select started('e') as e \gset
insert into reproq_ready (ring, queue_name, claim_order, result_id)
select 0, queue_name, claim_order, result_id from task_runs where result_id = :e;
select lives_ok(format('select reproq_release(%s, 1)', :e), 'nor does a ticket left in the line');
select is(in_words(:e), 'READY with ready', 'which is good again');
select is_empty('select * from reproq_violations()', 'no invariant is broken');
select is((_reproq_settle('{}', '{}')).settled_ids, null, 'nothing to settle is no error');

select * from finish();
rollback;
