begin;
select plan(4);

create role reproq_tap_caller;
select is(_reproq_caller(), session_user::text, 'the role of the session');
create function pg_temp.asked() returns text language sql volatile security definer as 'select public._reproq_caller()';
set local role reproq_tap_caller;
select is(_reproq_caller(), 'reproq_tap_caller', 'or what SET ROLE has made it');
select is(pg_temp.asked(), 'reproq_tap_caller', 'also where a function works with the rights of its owner');
reset role;
select is(_reproq_caller(), session_user::text, 'until it is reset');

select * from finish();
rollback;
