-- What the triggers on PostgreSQL share. {schema} is the schema of the log, {entries} and {change_sets} are its tables.

-- Who and why stand in settings that Django's side makes for the transaction; another client has none. They name a slot
-- for each context of the transaction, and the slot holds the id of its change set and the last place in it. What is
-- assigned is evaluated without a plan of its own, so even results that nobody needs are.

CREATE OR REPLACE FUNCTION {schema}.signals_audit_new_id(moment timestamptz) RETURNS uuid
LANGUAGE sql VOLATILE AS $signals_audit$
SELECT encode(
    set_bit(
        set_bit(
            overlay(
                uuid_send(gen_random_uuid())
                PLACING substring(int8send((date_part('epoch', moment) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6
            ),
            52, 1
        ),
        53, 1
    ),
    'hex'
)::uuid
$signals_audit$;

-- Writes a change set, and returns its id.
CREATE OR REPLACE FUNCTION {schema}.signals_audit_opened(address uuid, moment timestamptz) RETURNS uuid
LANGUAGE plpgsql AS $signals_audit$
DECLARE
    facts jsonb := coalesce(
        nullif(current_setting('signals_audit.facts', true), '')::jsonb,
        jsonb_build_object('extra', jsonb_build_object('database_user', session_user))
    );
BEGIN
    INSERT INTO {change_sets} (
        id, actor_kind, actor_id, actor_repr, remote_addr, correlation_id, reason, path, extra, created_at
    ) VALUES (
        address, coalesce(facts ->> 'actor_kind', 'system'),
        coalesce(current_setting('signals_audit.actor', true), ''), coalesce(facts ->> 'actor_repr', ''),
        coalesce(facts ->> 'remote_addr', ''), coalesce(facts ->> 'correlation_id', ''),
        coalesce(facts ->> 'reason', ''), coalesce(facts ->> 'path', ''), facts -> 'extra', moment
    );
    RETURN address;
END
$signals_audit$;

-- Writes an entry, and before the first of a transaction its change set; returns the entry's place in it.
CREATE OR REPLACE FUNCTION {schema}.signals_audit_recorded(
    action text, label text, database text, key text, changes jsonb
) RETURNS integer LANGUAGE plpgsql AS $signals_audit$
DECLARE
    slot text := 'signals_audit.slot_' || coalesce(nullif(current_setting('signals_audit.current', true), ''), '0');
    opened text := current_setting(slot, true);
    because text := current_setting('signals_audit.cause', true);
    actor text := coalesce(current_setting('signals_audit.actor', true), '');
    moment timestamptz := clock_timestamp();
    address uuid;
    place integer := 1;
BEGIN
    IF opened <> '' THEN
        address := left(opened, 36)::uuid;
        place := substr(opened, 38)::integer + 1;
    ELSE
        address := {schema}.signals_audit_opened({schema}.signals_audit_new_id(moment), moment);
    END IF;
    slot := set_config(slot, address || ' ' || place, true);
    INSERT INTO {entries} (
        change_set_id, seq, actor_id, action, model, "using", object_id, object_repr, changes, source,
        caused_by, caused_by_change_set, caused_by_seq, created_at
    ) VALUES (
        address, place, actor, action, label, database, key, left(label || ' ' || key, 255), changes, 'trigger',
        coalesce(split_part(because, E'\n', 3), ''), nullif(split_part(because, E'\n', 1), '')::uuid,
        nullif(split_part(because, E'\n', 2), '')::integer, moment
    );
    RETURN place;
END
$signals_audit$;

-- Returns the change set of a statement's entries and the last place in it, before they are written: it may be a new one.
CREATE OR REPLACE FUNCTION {schema}.signals_audit_begun(moment timestamptz) RETURNS text
LANGUAGE plpgsql AS $signals_audit$
DECLARE
    slot text := 'signals_audit.slot_' || coalesce(nullif(current_setting('signals_audit.current', true), ''), '0');
BEGIN
    RETURN coalesce(nullif(current_setting(slot, true), ''), {schema}.signals_audit_new_id(moment) || ' 0');
END
$signals_audit$;

-- Counts a statement's entries when they are written, and writes their change set if it is a new one.
CREATE OR REPLACE FUNCTION {schema}.signals_audit_counted(begun text, entries bigint, moment timestamptz) RETURNS text
LANGUAGE plpgsql AS $signals_audit$
DECLARE
    slot text := 'signals_audit.slot_' || coalesce(nullif(current_setting('signals_audit.current', true), ''), '0');
    address uuid := left(begun, 36);
    place integer := substr(begun, 38);
BEGIN
    IF place = 0 THEN
        address := {schema}.signals_audit_opened(address, moment);
    END IF;
    RETURN set_config(slot, address || ' ' || place + entries, true);
END
$signals_audit$;

REVOKE EXECUTE ON FUNCTION {schema}.signals_audit_opened(uuid, timestamptz) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION {schema}.signals_audit_recorded(text, text, text, text, jsonb) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION {schema}.signals_audit_counted(text, bigint, timestamptz) FROM PUBLIC;
