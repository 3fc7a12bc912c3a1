create or replace function _reproq_claim_order(
    queue_name text,
    priority integer,
    ready_at timestamptz
)
returns bigint
language plpgsql
volatile
set search_path from current
set plan_cache_mode = force_generic_plan
as $$
declare
    v_aging interval;
begin
    if priority = 0 then
        return extract(epoch from ready_at) * 1000000;
    end if;

    select coalesce(nullif(c.aging, interval '0'), interval '100 years') into v_aging
    from reproq_queue_controls c
    where c.queue_name = _reproq_claim_order.queue_name and c.aging is not null;
    -- An aging of 0 is strict priority, a century a point; more than 1000 points would overflow.
    v_aging := coalesce(v_aging, interval '60 seconds');

    -- The same order as "priority plus age divided by the aging", which would have to be sorted at
    -- every claim: the clock is common to all runs, so it can be left out.
    return (extract(epoch from ready_at) * 1000000)::bigint
        - greatest(-1000, least(1000, priority))::bigint
        * (extract(epoch from v_aging) * 1000000)::bigint;
end;
$$;

comment on function _reproq_claim_order(text, integer, timestamptz) is
'Place in the line of a queue for a run of this priority that is ready since ready_at; lowest first.';
