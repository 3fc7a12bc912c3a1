begin;
select plan(9);
\ir helpers/setup.sql

select reproq_register_worker('old', 'h', 1, '{default}', '1');
select started('held') as held \gset
select reproq_register_worker('w1', 'h', 1, '{default}', '1');
select advance('10 minutes');
select reproq_register_worker('new', 'h', 1, '{default}', '1');
select is(reproq_prune_workers(), 0, 'ten minutes are not longer than ten minutes');
select advance('1 second');
select is(reproq_prune_workers('1 hour'), 0, 'by the time that is given');
select is(reproq_prune_workers(dry_run => true), 2, 'a dry run counts');
select is((select count(*) from reproq_workers), 3::bigint, 'and forgets nobody');
select is(reproq_prune_workers(), 2, 'who was not seen since is forgotten');
select is((select string_agg(worker_id, ',') from reproq_workers), 'new', 'who was is not');
select is(in_words(:held), 'RUNNING with lease', 'what it had claimed is left to its lease');
select throws_ok('select reproq_prune_workers(''59 s'')', '22023',
    'older_than: must be between 1 minute and 1000 years', 'live workers are never forgotten');
select throws_ok('select reproq_prune_workers(null)', '22023', null, 'a null time');

select * from finish();
rollback;
