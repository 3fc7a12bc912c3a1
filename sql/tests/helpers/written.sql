-- Notes the order in which records are written.

create temporary table written (place integer generated always as identity, result_id bigint);
create function pg_temp.note_row() returns trigger language plpgsql volatile as $$
begin
    insert into written (result_id) values (new.result_id);
    return null;
end;
$$;
create trigger note_row after insert on task_runs
for each row execute function pg_temp.note_row();
