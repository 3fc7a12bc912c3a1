create or replace function _reproq_is_delay(value text)
returns boolean
language plpgsql
stable
set search_path from current
as $$
begin
    return value::interval between interval '0' and interval '10 years';
exception
    when invalid_datetime_format or datetime_field_overflow or interval_field_overflow then
        return false;
end;
$$;

comment on function _reproq_is_delay(text) is
'Whether a text reads as an interval from 0 to 10 years; a bare number counts as seconds.';
