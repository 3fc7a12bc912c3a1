begin;
select no_plan();

select ok(not _reproq_too_large(to_jsonb(repeat('x', 1048574))), '1 MiB of text is not too large');
select ok(_reproq_too_large(to_jsonb(repeat('x', 1048575))), 'a byte more is');
select ok(_reproq_too_large(to_jsonb(repeat('é', 524288))), 'bytes are counted, not characters');
select ok(
    not _reproq_too_large((select jsonb_agg(n) from generate_series(1, 20000) n)),
    'what is stored larger than its text is not too large'
);
select ok(
    _reproq_too_large((select jsonb_agg(''::text) from generate_series(1, 300000))),
    'nor is small storage taken for small text'
);
select ok(_reproq_too_large(null) is not true, 'nothing is not too large');

select * from finish();
rollback;
