create or replace function _reproq_spec_hash(spec jsonb)
returns text
language plpgsql
immutable
set search_path from current
as $$
begin
    return encode(sha256(convert_to(spec::text, 'UTF8')), 'hex');
end;
$$;

comment on function _reproq_spec_hash(jsonb) is
'Hex sha256 of a spec as jsonb text in UTF-8; the only place where it is computed.';
