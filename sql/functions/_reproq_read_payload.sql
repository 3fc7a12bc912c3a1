create or replace function _reproq_read_payload(payload jsonb, out args jsonb, out kwargs jsonb)
language plpgsql
stable
set search_path from current
as $$
begin
    -- An object that has no other keys is the envelope; any other one is keyword arguments.
    if jsonb_typeof(payload) = 'object' and payload - '{args,kwargs}'::text[] = '{}' then
        args := coalesce(nullif(payload -> 'args', 'null'), '[]');
        kwargs := coalesce(nullif(payload -> 'kwargs', 'null'), '{}');
    elsif jsonb_typeof(payload) = 'object' then
        args := '[]';
        kwargs := payload;
    else
        args := payload;
        kwargs := '{}';
    end if;
    if (jsonb_typeof(args) = 'array' and jsonb_typeof(kwargs) = 'object') is not true then
        perform _reproq_refuse(
            'payload_json',
            'invalid payload JSON, must be {"args": [...], "kwargs": {...}}, an array or an object'
        );
    end if;
end;
$$;

comment on function _reproq_read_payload(jsonb) is
'The arguments in the payload of a schedule, an envelope, an array or an object. Errors: 22023.';
