create or replace function _reproq_pass_gates(
    tickets reproq_ready[],
    wanted integer,
    max_gates integer,
    out passed reproq_ready[],
    out places integer[],
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
    v_gate record;
    v_taken jsonb := '{}';
    v_foreign text[] := '{}';
    v_wants jsonb;
    v_full text;
    v_place integer;
    v_passed_ids bigint[] := '{}';
    v_parked_ids bigint[] := '{}';
    v_parked_at text[] := '{}';
begin
    passed := '{}';
    places := '{}';
    locked := 0;
    left_out := false;
    foreach v_ticket in array tickets loop
        exit when cardinality(passed) >= wanted;
        v_full := null;
        v_place := null;
        v_wants := '{}';
        for v_gate in
            select g.gate, g.key, g.room
            from (
                values
                ('lock:' || v_ticket.lock_key, v_ticket.lock_key, 1),
                (
                    'key:' || v_ticket.concurrency_key, v_ticket.concurrency_key,
                    v_ticket.concurrency_limit
                )
            ) g (gate, key, room)
            where g.key is not null
        loop
            if not v_taken ? v_gate.gate and v_gate.gate <> all(v_foreign) then
                if locked >= max_gates then
                    left_out := true;
                    v_foreign := v_foreign || v_gate.gate;
                -- The lock first; the count in the next statement, whose snapshot is younger.
                elsif pg_try_advisory_xact_lock(hashtextextended(v_gate.gate, 0)) then
                    locked := locked + 1;
                    v_taken := v_taken || jsonb_build_object(
                        v_gate.gate, _reproq_places_taken(v_gate.gate)
                    );
                else
                    v_foreign := v_foreign || v_gate.gate;
                end if;
            end if;
            if v_gate.gate = any(v_foreign) then
                v_full := '';
            elsif jsonb_array_length(v_taken -> v_gate.gate) >= v_gate.room then
                v_full := v_gate.gate;
            else
                select min(s.place) into v_place
                from generate_series(1, jsonb_array_length(v_taken -> v_gate.gate) + 1) s (place)
                where not v_taken -> v_gate.gate @> to_jsonb(s.place);
                v_wants := v_wants || jsonb_build_object(v_gate.gate, v_place);
            end if;
            exit when v_full is not null;
        end loop;

        if v_full is null then
            select v_taken || coalesce(
                jsonb_object_agg(w.key, v_taken -> w.key || w.value), '{}'
            )
            into v_taken
            from jsonb_each(v_wants) w;
            passed := passed || v_ticket;
            v_passed_ids := v_passed_ids || v_ticket.result_id;
            places := places || case
                when v_ticket.concurrency_key is not null then v_place
            end;
        elsif v_full <> '' and v_ticket.result_id <> all(v_passed_ids) then
            -- (A second ticket of a run that passes must not park it behind itself.)
            v_parked_ids := v_parked_ids || v_ticket.result_id;
            v_parked_at := v_parked_at || v_full;
        end if;
    end loop;

    parked := cardinality(v_parked_ids);
    woken := case
        when parked > 0 then _reproq_park(tickets, v_parked_ids, v_parked_at) else 0
    end;
end;
$$;

comment on function _reproq_pass_gates(reproq_ready[], integer, integer) is
'Of tickets in line order: up to wanted of those whose lock and concurrency key have a place, with the slot of each; the rest is parked at the gate that is full, or left in line where another claimer holds the gate or max_gates are locked (left_out). woken counts parked runs that parking others has brought back.';
