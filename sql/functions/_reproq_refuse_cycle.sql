create or replace function _reproq_refuse_cycle(
    keys text[],
    places integer[],
    befores integer[]
)
returns void
language plpgsql
volatile
set search_path from current
as $$
declare
    v_waits integer[] := array_fill(0, array[cardinality(keys)]);
    v_first integer[] := array_fill(null::integer, array[cardinality(keys)]);
    v_next integer[] := array_fill(null::integer, array[cardinality(places)]);
    v_free integer[] := '{}';
    v_done integer := 0;
    v_edge integer;
begin
    -- Take away whoever waits for nobody, again and again; whoever is left waits in a circle. Each
    -- edge is looked at once: the edges of one predecessor are a list, by their numbers.
    for v_number in 1..cardinality(places) loop
        v_waits[places[v_number]] := v_waits[places[v_number]] + 1;
        v_next[v_number] := v_first[befores[v_number]];
        v_first[befores[v_number]] := v_number;
    end loop;
    for v_place in 1..cardinality(keys) loop
        if v_waits[v_place] = 0 then
            v_free := v_free || v_place;
        end if;
    end loop;

    while v_done < cardinality(v_free) loop
        v_done := v_done + 1;
        v_edge := v_first[v_free[v_done]];
        while v_edge is not null loop
            v_waits[places[v_edge]] := v_waits[places[v_edge]] - 1;
            if v_waits[places[v_edge]] = 0 then
                v_free := v_free || places[v_edge];
            end if;
            v_edge := v_next[v_edge];
        end loop;
    end loop;

    if v_done < cardinality(keys) then
        for v_place in 1..cardinality(keys) loop
            if v_waits[v_place] > 0 then
                perform _reproq_refuse(
                    format('nodes[%s].after', v_place - 1),
                    format('node %L waits in a circle, or for one that does', keys[v_place])
                );
            end if;
        end loop;
    end if;
end;
$$;

comment on function _reproq_refuse_cycle(text[], integer[], integer[]) is
'Raise 22023 when nodes wait for one another in a circle; the graph as _reproq_read_nodes gives it.';
