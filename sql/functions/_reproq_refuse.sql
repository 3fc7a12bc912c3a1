create or replace function _reproq_refuse(
    place text,
    problem text,
    code text default '22023'
)
returns boolean
language plpgsql
volatile
set search_path from current
as $$
begin
    raise exception '%: %', rtrim(place, '.'), problem using errcode = code;
end;
$$;

comment on function _reproq_refuse(text, text, text) is
'Raise an error that names the place of a bad argument; callable from inside an expression.';
