begin;
select no_plan();

select lives_ok(
    $$select _reproq_check_outcomes('w', '[
        {"result_id": 1, "lease_no": 1, "outcome": "complete", "return_json": [1]},
        {"result_id": "2", "lease_no": "1", "outcome": "fail", "error": {"message": "x"},
            "retry": false, "retry_in": 1.5, "metadata": {}},
        {"result_id": 3, "lease_no": 1, "outcome": "fail", "error": null, "retry": null,
            "retry_in": "2 hours", "metadata": null},
        {"result_id": 4, "lease_no": 1, "outcome": "release", "unknown": 1},
        {"result_id": 5, "lease_no": 1, "outcome": "recorded", "logs_uri": "/logs/5"},
        {"result_id": 6, "lease_no": 1, "outcome": "complete", "logs_uri": null}
    ]')$$,
    'outcomes of every kind pass, ids and numbers also as text, and keys of later versions'
);
select throws_ok(
    format('select _reproq_check_outcomes(''w'', %L)', b.outcomes), '22023', b.message, b.name
)
from (values
    ('of several bad ones the first is named', '[{"result_id": 1, "lease_no": 1, "outcome": "release"}, 1, 2]',
        'outcomes[1]: must be an object'),
    ('of several bad keys the first is named', '[{"outcome": "?"}]', 'outcomes[0].result_id: must be an id'),
    ('an id of 19 digits', '[{"result_id": 9999999999999999999, "lease_no": 1, "outcome": "fail"}]',
        'outcomes[0].result_id: must be an id'),
    ('a negative number', '[{"result_id": 1, "lease_no": -1, "outcome": "fail"}]',
        'outcomes[0].lease_no: must be a number'),
    ('a logs_uri that is no text', '[{"result_id": 1, "lease_no": 1, "outcome": "fail", "logs_uri": 7}]',
        'outcomes[0].logs_uri: must be a text of at most 4096 characters'),
    ('a logs_uri of a success that is no text', '[{"result_id": 1, "lease_no": 1, "outcome": "complete", "logs_uri": 7}]',
        'outcomes[0].logs_uri: must be a text of at most 4096 characters'),
    ('and one that is too long', format(
            '[{"result_id": 1, "lease_no": 1, "outcome": "complete", "logs_uri": "%s"}]', repeat('x', 4097)
        ), 'outcomes[0].logs_uri: must be a text of at most 4096 characters')
) b (name, outcomes, message);

select * from finish();
rollback;
