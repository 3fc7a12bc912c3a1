create or replace function _reproq_check_outcomes(worker_id text, outcomes jsonb)
returns boolean
language plpgsql
volatile
set search_path from current
as $$
declare
    v_bad record;
    v_unusual boolean;
begin
    if worker_id is null then
        perform _reproq_refuse('worker_id', 'must not be null', '22004');
    end if;
    if outcomes is null or jsonb_typeof(outcomes) <> 'array' then
        perform _reproq_refuse('outcomes', 'must be an array of objects');
    end if;

    -- A plain success, as most are, can break no other rule than these.
    v_unusual := exists (
        select 1
        from jsonb_array_elements(outcomes) o (outcome)
        where (
            -- (A bound within the pattern takes four times as long.)
            length(o.outcome ->> 'result_id') <= 18
            and o.outcome ->> 'result_id' ~ '^[0-9]+$'
            and length(o.outcome ->> 'lease_no') <= 18
            and o.outcome ->> 'lease_no' ~ '^[0-9]+$'
            and o.outcome ->> 'outcome' = 'complete'
            and not o.outcome ?| array['error', 'metadata', 'retry', 'retry_in']
            and (
                not o.outcome ? 'logs_uri'
                or jsonb_typeof(o.outcome -> 'logs_uri') = 'string'
                and length(o.outcome ->> 'logs_uri') <= 4096
            )
        ) is not true
    );
    if not v_unusual then
        return true;
    end if;

    select o.place, b.parameter, b.problem, b.rule into v_bad
    from jsonb_array_elements(outcomes) with ordinality o (outcome, place)
    cross join lateral (
        values
        (1, jsonb_typeof(o.outcome) <> 'object', '', 'must be an object'),
        (2, coalesce(o.outcome ->> 'result_id', '') !~ '^\d{1,18}$', 'result_id', 'must be an id'),
        (3, coalesce(o.outcome ->> 'lease_no', '') !~ '^\d{1,18}$', 'lease_no', 'must be a number'),
        (4, coalesce(o.outcome ->> 'outcome', '') not in (
            'complete', 'fail', 'release', 'recorded'
        ), 'outcome', 'must be complete, fail, release or recorded'),
        (5, jsonb_typeof(o.outcome -> 'error') not in ('object', 'null'), 'error',
            'must be an object'),
        (6, jsonb_typeof(o.outcome -> 'metadata') not in ('object', 'null'), 'metadata',
            'must be an object'),
        (7, jsonb_typeof(o.outcome -> 'retry') not in ('boolean', 'null'), 'retry',
            'must be true or false'),
        (8, o.outcome ->> 'retry_in' is not null and not _reproq_is_delay(o.outcome ->> 'retry_in'),
            'retry_in', 'must be an interval, or seconds, from 0 to 10 years'),
        (9, _reproq_too_large(o.outcome -> 'metadata'), 'metadata', 'is larger than 1 MiB'),
        (10, o.outcome ? 'logs_uri' and (
            jsonb_typeof(o.outcome -> 'logs_uri') not in ('string', 'null')
            or length(o.outcome ->> 'logs_uri') > 4096
        ), 'logs_uri', 'must be a text of at most 4096 characters')
    ) b (rule, broken, parameter, problem)
    where b.broken
    order by o.place, b.rule
    limit 1;

    if v_bad.problem is not null then
        perform _reproq_refuse(
            format('outcomes[%s].%s', v_bad.place - 1, v_bad.parameter), v_bad.problem,
            case when v_bad.rule = 9 then 'RQ004' else '22023' end
        );
    end if;
    return true;
end;
$$;

comment on function _reproq_check_outcomes(text, jsonb) is
'True for outcomes that reproq_finish takes; else raises 22023 or RQ004 for the first of them, naming outcomes[i].key.';
