begin;
select plan(10);
\ir helpers/setup.sql

insert into periodic_tasks (name, cron_expr, task_path) values ('nightly', '0 * * * *', 'a.b');
create function fire(due timestamptz, last timestamptz, clock timestamptz)
returns text
language plpgsql
as $$
declare
    v_id bigint;
begin
    alter table periodic_tasks disable trigger reproq_check_schedule;
    update periodic_tasks set next_run_at = due, last_run_at = last, last_error = 'x', retry_at = clock;
    alter table periodic_tasks enable trigger reproq_check_schedule;
    select _reproq_fire(t, clock) into v_id from periodic_tasks t;
    return (
        select concat_ws(
            ' ', (run(v_id)).spec_json ->> 'scheduled_at', to_char(last_run_at, 'DD HH24:MI'), to_char(next_run_at, 'DD HH24:MI')
        )
        from periodic_tasks
    );
end;
$$;

select is(
    fire('2100-01-01 12:00', '2100-01-01 11:00', '2100-01-01 12:00:01'), '2100-01-01T12:00:00Z 01 12:00 01 13:00',
    'the slot, then the next'
);
select is((select row(last_error, retry_at)::text from periodic_tasks), '(,)', 'an earlier failure is forgotten');
select is(
    fire('2100-01-01 02:00', null, '2100-01-01 12:00:01'), '2100-01-01T02:00:00Z 01 02:00 01 13:00',
    'missed slots coalesce into the first (I36)'
);
select is(
    fire('2100-01-01 12:30', '2100-01-01 12:00', '2100-01-01 12:30'), '2100-01-01T12:30:00Z 01 12:30 01 13:00',
    'a time that somebody wrote is a slot'
);
select is(
    fire('2100-01-01 11:30', '2100-01-01 14:00', '2100-01-01 11:30'), '2100-01-01T11:30:00Z 01 11:30 01 15:00',
    'after the clock was put back no slot comes twice'
);
select is((select count(*) from task_runs), 4::bigint, 'each gave a run');
select is(fire(null, '2100-01-01 11:00', '2100-01-01 12:00:01'), '01 11:00 01 13:00', 'without a slot it gets one');
select is((select count(*) from task_runs), 4::bigint, 'and no run');

alter table periodic_tasks disable trigger reproq_check_schedule;
update periodic_tasks set cron_expr = 'broken', next_run_at = '2100-01-01 12:00';
select throws_like(
    'select _reproq_fire(t, ''2100-01-01 12:00'') from periodic_tasks t', 'cron_expr: has 1 fields%',
    'what cannot go on does not begin'
);
select is((select count(*) from task_runs), 4::bigint, 'it has left no run');

select * from finish();
rollback;
