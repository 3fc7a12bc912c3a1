-- What reproq_violations() says when something is broken by hand; undone at once.

create function broken(by_hand text)
returns text
language plpgsql
volatile
as $$
declare
    v_found text;
begin
    -- No constraint of the tables allows all of these, but a lost trigger or a bug would.
    begin
        -- As one of the queue's own functions: from others a write of the status is refused.
        perform set_config('search_path', current_setting('search_path') || ', pg_temp', true);
        execute by_hand;
        select string_agg(v.invariant || ': ' || v.subject, E'\n' order by v.invariant, v.subject)
        into v_found
        from reproq_violations() v;
        raise exception 'undo' using errcode = 'UNDO1';
    exception when sqlstate 'UNDO1' then
        return coalesce(v_found, 'nothing');
    end;
end;
$$;
