-- The line, in a file of its own: a dump may leave these tables out (on a standby, dumping them
-- keeps them from being truncated), and the installer makes them anew where all are missing.

-- Three partitions in a ring: new tickets go to the current one, a drained one is truncated, so
-- that dead tickets never pile up behind a long transaction.
create table reproq_ready (
    ring smallint not null,
    concurrency_limit integer not null default 0,
    claim_order bigint not null,
    result_id bigint not null,
    queue_name text not null,
    lock_key text,
    concurrency_key text,
    -- The record knows its queue and its order, so the line's own index also finds one ticket.
    primary key (queue_name, claim_order, result_id, ring)
) partition by list (ring);
create table reproq_ready_0 partition of reproq_ready for values in (0)
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
create table reproq_ready_1 partition of reproq_ready for values in (1)
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
create table reproq_ready_2 partition of reproq_ready for values in (2)
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
comment on table reproq_ready is
'Tickets of READY runs, with the gates that they must pass. One line a queue, by claim_order.';
