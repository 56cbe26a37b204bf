-- Run once by the postgres image when its folder is empty: the login LANDGAUGE_DATABASE, which owns the database of
-- that name and nothing else. The superuser `postgres` has a password of its own. Safe to repeat by hand.
\set ON_ERROR_STOP on
-- A failing statement would be written to the log, with the password in it.
set log_min_error_statement = panic;
\getenv name LANDGAUGE_DATABASE
\set password `cat "$LANDGAUGE_DATABASE_PASSWORD_FILE"`
select not exists (select from pg_roles where rolname = :'name') as is_new \gset
\if :is_new
    create role :"name" login;
    create database :"name" owner :"name";
\endif
alter role :"name" nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'password';
revoke all on database :"name" from public;
revoke all on database postgres from public;
