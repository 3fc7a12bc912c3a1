create or replace function _reproq_spec_hash(spec text)
returns text
language plpgsql
immutable
set search_path from current
as $$
begin
    return encode(sha256(convert_to(spec, 'UTF8')), 'hex');
end;
$$;

comment on function _reproq_spec_hash(text) is
'Hex sha256 of a spec, which is the text of a jsonb, in UTF-8; the only place where it is computed.';
