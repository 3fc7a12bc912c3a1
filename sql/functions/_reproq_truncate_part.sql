create or replace function _reproq_truncate_part(part smallint)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    -- Locked, then looked at again: a ticket may have come in late.
    case part
        when 0 then
            lock table reproq_ready_0 in access exclusive mode;
            if not exists (select 1 from reproq_ready_0) then
                truncate reproq_ready_0;
            end if;
        when 1 then
            lock table reproq_ready_1 in access exclusive mode;
            if not exists (select 1 from reproq_ready_1) then
                truncate reproq_ready_1;
            end if;
        else
            lock table reproq_ready_2 in access exclusive mode;
            if not exists (select 1 from reproq_ready_2) then
                truncate reproq_ready_2;
            end if;
    end case;
end;
$$;

comment on function _reproq_truncate_part(smallint) is
'Empty one partition of the line, if it holds no ticket once it is locked.';
