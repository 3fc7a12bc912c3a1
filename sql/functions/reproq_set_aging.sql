create or replace function reproq_set_aging(queue text, aging interval)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
    if aging not between interval '0' and interval '100 years' then
        perform _reproq_refuse('aging', 'must be between 0 and 100 years');
    end if;
    insert into reproq_queue_controls (queue_name, aging)
    values (queue, reproq_set_aging.aging)
    on conflict (queue_name) do update set aging = excluded.aging;
end;
$$;

comment on function reproq_set_aging(text, interval) is
'How long a run of this queue must have waited to be worth one point of priority: 0 is strict priority, null the default of 60 s. Holds for runs that become ready from then on. Errors: 22023.';
