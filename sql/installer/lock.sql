-- One installer at a time. The others look again when it is done, in a statement of its own.
do $lock$
begin
    perform pg_advisory_xact_lock(hashtextextended('reproq install', 0));
end
$lock$;
