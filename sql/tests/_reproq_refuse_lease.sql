begin;
select no_plan();
\ir helpers/setup.sql

select started('a') as a, started('b') as b, enqueue('c') as c \gset
select reproq_complete(:b, 1);
select throws_ok(
    format('select _reproq_refuse_lease(%s, %s)', coalesce(r.id::text, 'null'), r.lease), r.code,
    r.message, r.name
)
from (values
    ('another lease of a RUNNING run', :a, '2', 'RQ001',
        format('lease 2 of run %s is not current: the run is RUNNING with lease 1', :a)),
    ('a lease of a run that waits', :c, '0', 'RQ001',
        format('lease 0 of run %s is not current: the run is READY with lease 0', :c)),
    ('another lease of a finished run', :b, '0', 'RQ001',
        format('lease 0 of run %s is not current: the run is SUCCESSFUL with lease 1', :b)),
    ('the last lease of a finished run', :b, '1', 'RQ003', format('run %s is already SUCCESSFUL', :b)),
    ('an unknown run', 77, '1', 'RQ002', 'there is no run 77'),
    ('no run', null, '1', '22004', 'result_id and lease_no: must not be null'),
    ('no lease', :a, 'null', '22004', 'result_id and lease_no: must not be null')
) r (name, id, lease, code, message);

select * from finish();
rollback;
