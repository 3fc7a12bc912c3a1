create or replace function _reproq_settle_due(
    max_lost integer,
    max_expired integer,
    out reclaimed integer,
    out expired integer
)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    v_lost bigint[];
    v_expired bigint[];
begin
    v_lost := _reproq_find_lost(max_lost);
    v_expired := array(
        select r.result_id
        from task_runs r
        where r.expires_at <= _reproq_now() and r.finished_at is null and r.status <> 'RUNNING'
        order by r.expires_at
        limit max_expired
    );
    reclaimed := cardinality(v_lost);
    expired := 0;
    if reclaimed + cardinality(v_expired) = 0 then
        return;
    end if;

    -- Both at once: the dependants and the gates of one lot must not be held while those of the
    -- other are waited for.
    perform _reproq_lock_dependants(null, v_lost || v_expired);
    v_expired := _reproq_take_tickets(v_expired);
    expired := cardinality(v_expired);
    if reclaimed + expired > 0 then
        perform _reproq_settle(
            v_lost || v_expired,
            array_fill('lose'::text, array[reclaimed]) || array_fill('expire'::text, array[expired])
        );
    end if;
end;
$$;

comment on function _reproq_settle_due(integer, integer) is
'Take back up to max_lost runs whose lease ran out and end up to max_expired that were not picked up in time; how many.';
