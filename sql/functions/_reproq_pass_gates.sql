create or replace function _reproq_pass_gates(
    tickets reproq_ready[],
    buckets text[],
    wanted integer,
    max_gates integer,
    out passed reproq_ready[],
    out places integer[],
    out paid_by text[],
    out parked integer,
    out woken integer,
    out locked integer,
    out left_out boolean
)
language plpgsql
volatile
set search_path from current
as $$
declare
    v_ticket reproq_ready;
    v_number integer := 0;
    v_gate text;
    v_gates text[];
    v_asked text[];
    v_places_taken bigint[];
    v_taken jsonb;
    v_empty boolean;
    v_tokens jsonb := '{}';
    v_bucket_tokens integer;
    v_room integer;
    v_foreign text[];
    v_full text;
    v_passed_ids bigint[] := '{}';
    v_parked_ids bigint[] := '{}';
    v_parked_at text[] := '{}';
begin
    places := '{}';
    paid_by := '{}';

    -- Where every gate has room for all who want in, nobody has to be asked one by one.
    select g.passed, g.gates, g.taken, g.foreign_gates, g.locked, g.left_out, g.empty
    into passed, v_asked, v_places_taken, v_foreign, locked, left_out, v_empty
    from _reproq_pass_together(tickets[1:wanted], max_gates) g;
    if cardinality(tickets) <= wanted or cardinality(passed) = wanted then
        if coalesce(array_remove(buckets, null), '{}') = '{}' then
            v_bucket_tokens := cardinality(passed);
        -- So it is with one bucket that pays for all.
        elsif cardinality(passed) > 0 and buckets[1] = all(buckets) then
            v_gate := 'rate:' || buckets[1];
            v_bucket_tokens := _reproq_take_bucket(buckets[1]);
            if v_bucket_tokens is null then
                v_foreign := v_foreign || v_gate;
            else
                v_tokens := jsonb_build_object(v_gate, v_bucket_tokens);
            end if;
        end if;
    end if;
    if v_bucket_tokens >= cardinality(passed) then
        -- Where nobody has a place, none has to be looked for.
        places := case
            when v_empty then array(
                select
                    case
                        when t.concurrency_key is not null then (
                            row_number() over (partition by t.concurrency_key order by t.place)
                        )::integer
                    end
                from unnest(passed) with ordinality t (
                    ring, concurrency_limit, claim_order, result_id, queue_name, lock_key,
                    concurrency_key, place
                )
                order by t.place
            )
            else _reproq_free_slots(array(select t.concurrency_key from unnest(passed) t))
        end;
        paid_by := array_fill(buckets[1], array[cardinality(passed)]);
        parked := 0;
        woken := 0;
        return;
    end if;

    select jsonb_object_agg(g.gate, g.taken)
    into v_taken
    from (
        select a.gate, a.taken from unnest(v_asked, v_places_taken) a (gate, taken)
        union all
        select b.gate, 0 from jsonb_object_keys(v_tokens) b (gate)
    ) g;
    v_taken := coalesce(v_taken, '{}');
    passed := '{}';
    left_out := false;
    foreach v_ticket in array tickets loop
        exit when cardinality(passed) >= wanted;
        v_number := v_number + 1;
        v_full := null;
        v_gates := array_remove(array[
            'lock:' || v_ticket.lock_key,
            'key:' || v_ticket.concurrency_key,
            -- The last, so that no token waits for a run that another gate stops.
            'rate:' || buckets[v_number]
        ], null);
        foreach v_gate in array v_gates loop
            if not v_taken ? v_gate and v_gate <> all(v_foreign) then
                if v_gate like 'rate:%' then
                    v_bucket_tokens := _reproq_take_bucket(buckets[v_number]);
                    if v_bucket_tokens is null then
                        v_foreign := v_foreign || v_gate;
                    else
                        v_tokens := v_tokens || jsonb_build_object(v_gate, v_bucket_tokens);
                        v_taken := v_taken || jsonb_build_object(v_gate, 0);
                    end if;
                elsif locked >= max_gates then
                    left_out := true;
                    v_foreign := v_foreign || v_gate;
                -- The lock first; the count in the next statement, whose snapshot is younger.
                elsif pg_try_advisory_xact_lock(hashtextextended(v_gate, 0)) then
                    locked := locked + 1;
                    v_taken := v_taken || jsonb_build_object(
                        v_gate, _reproq_places_taken(v_gate)
                    );
                else
                    v_foreign := v_foreign || v_gate;
                end if;
            end if;
            v_room := case
                when v_gate like 'lock:%' then 1
                when v_gate like 'key:%' then v_ticket.concurrency_limit
                else (v_tokens ->> v_gate)::integer
            end;
            if v_gate = any(v_foreign) then
                v_full := '';
            elsif (v_taken ->> v_gate)::integer >= v_room then
                v_full := v_gate;
            end if;
            exit when v_full is not null;
        end loop;

        if v_full is null then
            foreach v_gate in array v_gates loop
                v_taken := jsonb_set(
                    v_taken, array[v_gate], to_jsonb((v_taken ->> v_gate)::integer + 1)
                );
            end loop;
            passed := passed || v_ticket;
            v_passed_ids := v_passed_ids || v_ticket.result_id;
            paid_by := paid_by || buckets[v_number];
        elsif v_full <> '' and v_ticket.result_id <> all(v_passed_ids) then
            -- (A second ticket of a run that passes must not park it behind itself.)
            v_parked_ids := v_parked_ids || v_ticket.result_id;
            v_parked_at := v_parked_at || v_full;
        end if;
    end loop;

    places := _reproq_free_slots(array(select t.concurrency_key from unnest(passed) t));
    parked := 0;
    woken := 0;
    if v_parked_ids <> '{}' then
        select k.parked, k.woken into parked, woken
        from _reproq_park(tickets, v_parked_ids, v_parked_at) k;
    end if;
end;
$$;

comment on function _reproq_pass_gates(reproq_ready[], text[], integer, integer) is
'Of tickets in line order: up to wanted of those whose lock and concurrency key have a place and whose token bucket has a token, with the slot and the bucket of each; the rest is parked at the gate that is full, or left in line where another claimer holds the gate or max_gates are locked (left_out). woken counts parked runs that parking others has brought back.';
