begin;
select plan(4);
\ir helpers/setup.sql

select is_empty('select * from _reproq_count_finished(''-infinity'')', 'nothing has finished');
select enqueue('never') as never \gset
select reproq_cancel(:never);
select row_eq(
    'select cancelled, avg_wait, avg_run from _reproq_count_finished(''-infinity'')',
    row(1::bigint, null::double precision, null::double precision), 'what never started has no times'
);
select enqueue('a') as a \gset
select advance('10 s'), claims(), advance('5 s'), reproq_fail(:a, 1, '{}', retry_in => '1 minute');
select advance('2 minutes'), claims(), advance('7 s'), reproq_complete(:a, 2);
select row_eq(
    'select successful, avg_wait, avg_run from _reproq_count_finished(''-infinity'')',
    row(1::bigint, 10::double precision, 7::double precision),
    'the wait is that for the first start, the time that of the last attempt'
);
select is(
    (select cancelled from _reproq_count_finished(_reproq_now() - interval '1 s')), 0::bigint,
    'what finished before is left out'
);

select * from finish();
rollback;
