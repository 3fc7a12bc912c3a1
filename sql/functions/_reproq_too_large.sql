create or replace function _reproq_too_large(document jsonb)
returns boolean
language sql
immutable
set search_path from current
as $$
    -- The text is at most six times as long as the stored form, which is cheap to ask.
    select pg_column_size(document) > 131072 and octet_length(document::text) > 1048576;
$$;

comment on function _reproq_too_large(jsonb) is
'Whether a JSON document has more than 1 MiB of text.';
