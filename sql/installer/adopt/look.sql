-- The tables of a schema that an adoption would take over, by the names that they have there.
select c.relname
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = {schema} and c.relname in (
    'task_runs', 'periodic_tasks', 'reproq_queue_controls', 'reproq_workers', 'rate_limits',
    'workflow_runs'
)
order by c.relname
