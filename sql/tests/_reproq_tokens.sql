begin;
select no_plan();
\ir helpers/setup.sql

create function tokens(rate double precision, burst integer, held double precision, age interval)
returns double precision language sql volatile as $$
    select _reproq_tokens(row('global', rate, burst, held, _reproq_now() - age, null)::rate_limits);
$$;
select is(tokens(0.5, 10, 1, '4 s'), 3::double precision, 'what it held, and the rate for every second since');
select is(tokens(0.5, 10, 1, '1 h'), 10::double precision, 'at most its burst');
select is(tokens(0.5, 10, 1, '-1 h'), 1::double precision, 'a clock that went back adds nothing (I19)');
select is(tokens(0.25, 10, 0, '1 s'), 0.25::double precision, 'parts of a token count');

select * from finish();
rollback;
