create or replace function reproq_enqueue_many(specs jsonb, common jsonb default null)
returns table (result_id bigint)
language plpgsql
volatile
set search_path from current
as $$
declare
    c_call constant text[] := array['args', 'kwargs'];
    v_are_calls boolean;
    v_ids bigint[];
begin
    if specs is null or jsonb_typeof(specs) <> 'array' then
        perform _reproq_refuse('specs', 'must be an array of objects');
    end if;
    if jsonb_typeof(common) <> 'object' then
        perform _reproq_refuse('common', 'must be an object');
    end if;
    v_are_calls := common is not null and not common ?| c_call and not exists (
        select 1
        from jsonb_array_elements(specs) e (spec)
        where jsonb_typeof(e.spec) <> 'object'
            or e.spec - c_call <> '{}'
            or jsonb_typeof(e.spec -> 'args') <> 'array'
            or jsonb_typeof(e.spec -> 'kwargs') <> 'object'
            -- (So small that their size need not be asked for apart.)
            or pg_column_size(e.spec) >= 131072
    );
    begin
        if v_are_calls then
            v_ids := _reproq_enqueue_calls(specs, common);
        else
            v_ids := _reproq_enqueue_specs(specs, 'specs[%s].', common);
        end if;
    exception
        when unique_violation then
            -- A call has a live twin: nothing was inserted, and this way joins it.
            if not v_are_calls then
                raise;
            end if;
            v_ids := _reproq_enqueue_specs(specs, 'specs[%s].', common);
        -- A value that Postgres could not read as its parameter's type.
        when invalid_text_representation or invalid_datetime_format or datetime_field_overflow
            or interval_field_overflow or numeric_value_out_of_range
            or invalid_time_zone_displacement_value then
            perform _reproq_name_unreadable(jsonb_build_array(common), 'common.', sqlerrm)
            where common is not null;
            perform _reproq_name_unreadable(specs, 'specs[%s].', sqlerrm);
            raise;
    end;
    return query
    select i.result_id
    from unnest(v_ids) with ordinality i (result_id, place)
    order by i.place;
end;
$$;

comment on function reproq_enqueue_many(jsonb, jsonb) is
'Enqueue an array of objects whose keys are the parameters of reproq_enqueue, all or nothing, and return a result_id for each in input order. What they have in common may be given once, in common; a spec that names a key of it has its own. Intervals are text or seconds. Quickest where specs name nothing but args and kwargs. Errors: as reproq_enqueue, naming specs[i].parameter or common.parameter.';
