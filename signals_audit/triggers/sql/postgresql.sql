-- What the triggers on PostgreSQL share. {schema} is the schema of the log, {entries} and {change_sets} are its tables.

-- Writes an entry, and before the first of a transaction its change set; returns the entry's place in it. Who and why
-- stand in settings that Django's side makes for the transaction; another client has none. They name a slot for each
-- context of the transaction, and the slot holds the id of its change set and the last place in it. What is assigned
-- is evaluated without a plan of its own, so even a result that nobody needs is.
CREATE OR REPLACE FUNCTION {schema}.signals_audit_recorded(
    action text, label text, database text, key text, changes jsonb
) RETURNS integer LANGUAGE plpgsql AS $signals_audit$
DECLARE
    slot text := 'signals_audit.slot_' || coalesce(nullif(current_setting('signals_audit.current', true), ''), '0');
    opened text := current_setting(slot, true);
    because text := current_setting('signals_audit.cause', true);
    actor text := coalesce(current_setting('signals_audit.actor', true), '');
    moment timestamptz := clock_timestamp();
    facts jsonb;
    address uuid;
    place integer := 1;
BEGIN
    IF opened <> '' THEN
        address := left(opened, 36)::uuid;
        place := substr(opened, 38)::integer + 1;
    ELSE
        address := encode(
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
        )::uuid;
        facts := coalesce(
            nullif(current_setting('signals_audit.facts', true), '')::jsonb,
            jsonb_build_object('extra', jsonb_build_object('database_user', session_user))
        );
        INSERT INTO {change_sets} (
            id, actor_kind, actor_id, actor_repr, remote_addr, correlation_id, reason, path, extra, created_at
        ) VALUES (
            address, coalesce(facts ->> 'actor_kind', 'system'), actor, coalesce(facts ->> 'actor_repr', ''),
            coalesce(facts ->> 'remote_addr', ''), coalesce(facts ->> 'correlation_id', ''),
            coalesce(facts ->> 'reason', ''), coalesce(facts ->> 'path', ''), facts -> 'extra', moment
        );
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

REVOKE EXECUTE ON FUNCTION {schema}.signals_audit_recorded(text, text, text, text, jsonb) FROM PUBLIC;
