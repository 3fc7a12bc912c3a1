create or replace function _reproq_read_nodes(
    nodes jsonb,
    out keys text[],
    out places integer[],
    out befores integer[]
)
language plpgsql
volatile
set search_path from current
as $$
declare
    v_bad record;
begin
    if nodes is null or jsonb_typeof(nodes) <> 'array' then
        perform _reproq_refuse('nodes', 'must be an array of objects');
    end if;

    select e.place - 1 as place, p.parameter, p.problem into v_bad
    from jsonb_array_elements(nodes) with ordinality e (node, place)
    cross join lateral (
        select case
            when jsonb_typeof(e.node) <> 'object' then array['', 'must be an object']
            when jsonb_typeof(e.node -> 'key') is distinct from 'string'
                or length(e.node ->> 'key') not between 1 and 255
                then array['.key', 'must be a text of 1 to 255 characters']
            when jsonb_typeof(coalesce(e.node -> 'after', '[]')) <> 'array'
                then array['.after', 'must be an array of keys']
        end as found
    ) b
    cross join lateral (select b.found[1] as parameter, b.found[2] as problem) p
    where b.found is not null
    order by e.place
    limit 1;
    if found then
        perform _reproq_refuse(format('nodes[%s]', v_bad.place) || v_bad.parameter, v_bad.problem);
    end if;

    keys := array(
        select e.node ->> 'key'
        from jsonb_array_elements(nodes) with ordinality e (node, place)
        order by e.place
    );
    select max(k.place) - 1 as place, k.key into v_bad
    from unnest(keys) with ordinality k (key, place)
    group by k.key
    having count(*) > 1
    limit 1;
    if found then
        perform _reproq_refuse(
            format('nodes[%s].key', v_bad.place), format('another node is named %L, too', v_bad.key)
        );
    end if;

    -- Who is waited for by a name that no node bears, or by itself, is the first to be refused.
    select w.place - 1 as place, w.turn - 1 as turn, w.key, w.before into v_bad
    from (
        select e.place, a.turn, a.key, k.place as before
        from jsonb_array_elements(nodes) with ordinality e (node, place)
        cross join lateral jsonb_array_elements(coalesce(e.node -> 'after', '[]'))
            with ordinality a (key, turn)
        left join unnest(keys) with ordinality k (key, place)
            on to_jsonb(k.key) = a.key
    ) w
    where w.before is null or w.before = w.place
    order by w.place, w.turn
    limit 1;
    if found then
        perform _reproq_refuse(
            format('nodes[%s].after[%s]', v_bad.place, v_bad.turn),
            case
                when v_bad.before is null then format('no node is named %s', v_bad.key)
                else 'a node cannot wait for itself'
            end
        );
    end if;

    select
        array_agg(w.place order by w.place, w.before),
        array_agg(w.before order by w.place, w.before)
    into places, befores
    from (
        select distinct e.place::integer as place, k.place::integer as before
        from jsonb_array_elements(nodes) with ordinality e (node, place)
        cross join lateral jsonb_array_elements(coalesce(e.node -> 'after', '[]')) a (key)
        inner join unnest(keys) with ordinality k (key, place) on to_jsonb(k.key) = a.key
    ) w;
    places := coalesce(places, '{}');
    befores := coalesce(befores, '{}');
end;
$$;

comment on function _reproq_read_nodes(jsonb) is
'The graph of a workflow: the keys of its nodes, and a pair of places (from 1) for each node and one that it waits for. Raises 22023 naming the node.';
