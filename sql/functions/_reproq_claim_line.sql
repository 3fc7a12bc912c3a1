create or replace function _reproq_claim_line(
    worker_id text,
    queue_name text,
    wanted integer,
    lease interval,
    result_ids bigint[] default null
)
returns bigint[]
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_line reproq_ready[];
    v_fit reproq_ready[];
    v_passed reproq_ready[];
    v_last reproq_ready;
    v_buckets text[];
    v_places integer[];
    v_paid_by text[];
    v_rated boolean;
    v_started bigint[];
    v_all bigint[] := '{}';
    v_after_order bigint := -9223372036854775808;
    v_after_id bigint := 0;
    v_gates integer := 128;
    v_parked integer := 0;
    v_again boolean;
    v_more boolean := false;
    v_window integer := 0;
begin
    loop
        -- The next tickets that nobody else is taking. Those met before and left behind (their
        -- record is locked, their gate is in another's hands) are passed over.
        if result_ids is null then
            v_line := array(
                select t
                from (
                    select l.*
                    from reproq_ready l
                    where l.queue_name = _reproq_claim_line.queue_name
                        and (l.claim_order, l.result_id) > (v_after_order, v_after_id)
                        and not exists (
                            select 1
                            from reproq_queue_controls c
                            where c.queue_name = _reproq_claim_line.queue_name and c.paused
                        )
                    order by l.claim_order, l.result_id
                    limit greatest(wanted - cardinality(v_all), v_window)
                    for update skip locked
                ) t
            );
        else
            v_line := array(
                select t
                from (
                    select l.*
                    from unnest(_reproq_claim_line.result_ids) i (result_id)
                    inner join task_runs r on r.result_id = any(array[i.result_id])
                    inner join reproq_ready l
                        on l.queue_name = any(array[r.queue_name])
                        and l.claim_order = r.claim_order
                        and l.result_id = r.result_id
                    where r.queue_name = _reproq_claim_line.queue_name
                        and (l.claim_order, l.result_id) > (v_after_order, v_after_id)
                        and not exists (
                            select 1
                            from reproq_queue_controls c
                            where c.queue_name = _reproq_claim_line.queue_name and c.paused
                        )
                    order by l.claim_order, l.result_id
                    for update of l skip locked
                ) t
            );
        end if;
        exit when v_line = '{}';
        v_again := false;
        -- (Which bucket it is depends on the task; where there is none, nobody's task is looked
        -- at.)
        v_rated := coalesce(v_rated, exists (
            select 1
            from rate_limits l
            where l.key = any(array['global', 'queue:' || _reproq_claim_line.queue_name])
                and l.tokens_per_second > 0
                and l.burst_size > 0
        ) or exists (
            select 1
            from rate_limits l
            where l.key like 'task:%' and l.tokens_per_second > 0 and l.burst_size > 0
        ));

        if v_rated or exists (
            select 1 from unnest(v_line) t
            where t.lock_key is not null or t.concurrency_key is not null
        ) then
            -- A run that cannot start must not seem to take the place of those behind it.
            select f.fit, f.buckets into v_fit, v_buckets from _reproq_fit(v_line, v_rated) f;
            if cardinality(v_fit) < cardinality(v_line) then
                v_again := _reproq_clear_line(v_line);
            end if;
            select
                g.passed, g.places, g.paid_by, v_again or g.woken > 0, v_parked + g.parked,
                v_gates - g.locked, v_more or g.left_out
            into v_passed, v_places, v_paid_by, v_again, v_parked, v_gates, v_more
            from _reproq_pass_gates(
                v_fit, v_buckets, wanted - cardinality(v_all), v_gates
            ) g;
            -- Behind blocked runs look further ahead at a time.
            v_window := 500;
        else
            v_passed := v_line[1:wanted - cardinality(v_all)];
            v_places := null;
        end if;

        -- With as many passed as are wanted, nobody has looked at those behind the last of them.
        v_last := case
            when cardinality(v_passed) < wanted - cardinality(v_all)
                then v_line[cardinality(v_line)]
            else v_passed[cardinality(v_passed)]
        end;
        v_started := _reproq_start(worker_id, v_passed, v_places, lease);
        v_all := v_all || v_started;
        if v_rated then
            perform _reproq_spend_tokens(v_started, v_passed, v_paid_by);
        end if;
        if cardinality(v_started) < cardinality(v_passed) then
            v_again := _reproq_clear_line(v_passed) or v_again;
        end if;

        exit when cardinality(v_all) >= wanted;
        -- Neither the locks of gates nor the time of one call are without bounds. (Where no run has
        -- left the line, another call would meet the same ones.)
        if v_parked >= 5000 or v_more and (v_parked > 0 or v_all <> '{}') then
            raise notice 'reproq: more may be claimed at once' using errcode = 'RQ100';
            exit;
        end if;

        -- Who was woken by that may stand anywhere in the line.
        if v_again then
            v_after_order := -9223372036854775808;
            v_after_id := 0;
        else
            v_after_order := v_last.claim_order;
            v_after_id := v_last.result_id;
        end if;
    end loop;
    return v_all;
end;
$$;

comment on function _reproq_claim_line(text, text, integer, interval, bigint[]) is
'Start up to wanted runs from the line of one queue, or of these runs alone; their ids, in order.';
