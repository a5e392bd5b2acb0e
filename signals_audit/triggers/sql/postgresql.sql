-- What the triggers on PostgreSQL share. {schema} is the schema of the log, {entries} and {change_sets} are its tables.
-- Spellings are those of signals_audit.values; every function takes NULL and returns NULL.

CREATE OR REPLACE FUNCTION {schema}.signals_audit_float(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $signals_audit$
SELECT CASE
    WHEN value IN ('NaN', 'Infinity', '-Infinity') THEN
        CASE value WHEN 'NaN' THEN 'nan' WHEN 'Infinity' THEN 'inf' ELSE '-inf' END
    WHEN value LIKE '%e+15' THEN {schema}.signals_audit_float(value::numeric::text)
    WHEN value LIKE '%e%' OR value LIKE '%.%' THEN value
    ELSE value || '.0'
END
$signals_audit$;

CREATE OR REPLACE FUNCTION {schema}.signals_audit_decimal(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $signals_audit$
DECLARE
    minus text := CASE WHEN value LIKE '-%' THEN '-' ELSE '' END;
    places integer := length(split_part(value, '.', 2));
    digits text := ltrim(replace(ltrim(value, '-'), '.', ''), '0');
    exponent integer;
BEGIN
    IF digits = '' THEN
        digits := '0';
    END IF;
    exponent := length(digits) - 1 - places;
    IF exponent >= -6 OR places = 0 THEN
        RETURN value;
    END IF;
    RETURN minus || left(digits, 1) || CASE WHEN length(digits) > 1 THEN '.' || substr(digits, 2) ELSE '' END
        || 'E' || exponent;
END
$signals_audit$;

CREATE OR REPLACE FUNCTION {schema}.signals_audit_datetime(value timestamp) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $signals_audit$
SELECT to_char(
    value,
    CASE WHEN date_part('microseconds', value)::bigint % 1000000 = 0
        THEN 'YYYY-MM-DD"T"HH24:MI:SS' ELSE 'YYYY-MM-DD"T"HH24:MI:SS.US' END
)
$signals_audit$;

CREATE OR REPLACE FUNCTION {schema}.signals_audit_time(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $signals_audit$
SELECT CASE WHEN value LIKE '%.%' THEN rpad(value, 15, '0') ELSE value END
$signals_audit$;

CREATE OR REPLACE FUNCTION {schema}.signals_audit_duration(value interval) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $signals_audit$
DECLARE
    days bigint := date_part('year', value) * 365 + date_part('month', value) * 30 + date_part('day', value);
    micros bigint := days * 86400000000 + date_part('hour', value)::bigint * 3600000000
        + date_part('minute', value)::bigint * 60000000 + date_part('microseconds', value)::bigint;
    rest bigint := abs(micros) % 86400000000;
BEGIN
    RETURN CASE WHEN micros < 0 THEN '-' ELSE '' END || 'P' || abs(micros) / 86400000000
        || 'DT' || lpad((rest / 3600000000)::text, 2, '0')
        || 'H' || lpad((rest / 60000000 % 60)::text, 2, '0')
        || 'M' || lpad((rest / 1000000 % 60)::text, 2, '0')
        || CASE WHEN rest % 1000000 = 0 THEN '' ELSE '.' || lpad((rest % 1000000)::text, 6, '0') END || 'S';
END
$signals_audit$;

-- ASCII JSON text with sorted keys, for JSON that is nested too deeply to be stored as such.
CREATE OR REPLACE FUNCTION {schema}.signals_audit_quoted(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $signals_audit$
DECLARE
    written text := to_json(value)::text;
    made text := '';
    one text;
    code integer;
BEGIN
    IF octet_length(written) = length(written) AND position(chr(127) IN written) = 0 THEN
        RETURN written;
    END IF;
    FOREACH one IN ARRAY regexp_split_to_array(written, '') LOOP
        code := ascii(one);
        made := made || CASE
            WHEN code < 128 THEN one
            WHEN code < 65536 THEN '\u' || lpad(to_hex(code), 4, '0')
            ELSE '\u' || to_hex(55296 + ((code - 65536) >> 10)) || '\u' || to_hex(56320 + ((code - 65536) & 1023))
        END;
    END LOOP;
    RETURN made;
END
$signals_audit$;

CREATE OR REPLACE FUNCTION {schema}.signals_audit_canonical(value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $signals_audit$
DECLARE
    made text;
BEGIN
    CASE jsonb_typeof(value)
        WHEN 'object' THEN
            SELECT string_agg(
                {schema}.signals_audit_quoted(key) || ':' || {schema}.signals_audit_canonical(item), ','
                ORDER BY key COLLATE "C"
            ) INTO made FROM jsonb_each(value) AS found (key, item);
            RETURN '{{' || coalesce(made, '') || '}}';
        WHEN 'array' THEN
            SELECT string_agg({schema}.signals_audit_canonical(item), ',' ORDER BY place) INTO made
            FROM jsonb_array_elements(value) WITH ORDINALITY AS found (item, place);
            RETURN '[' || coalesce(made, '') || ']';
        WHEN 'string' THEN
            RETURN {schema}.signals_audit_quoted(value #>> '{{}}');
        WHEN 'number' THEN
            IF position('.' IN value::text) = 0 THEN
                RETURN value::text;
            END IF;
            RETURN {schema}.signals_audit_float((value #>> '{{}}')::double precision::text);
        ELSE
            RETURN value::text;
    END CASE;
END
$signals_audit$;

CREATE OR REPLACE FUNCTION {schema}.signals_audit_json(value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT AS $signals_audit$
SELECT CASE
    WHEN jsonb_typeof(value) NOT IN ('object', 'array')
        OR NOT jsonb_path_exists(value, 'strict $.**{{16 to last}} ? (@.type() == "object" || @.type() == "array")')
    THEN jsonb_build_object('json', value)
    ELSE jsonb_build_object('json_text', {schema}.signals_audit_canonical(value))
END
$signals_audit$;

CREATE OR REPLACE FUNCTION {schema}.signals_audit_key(key text, exact text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $signals_audit$
SELECT CASE
    WHEN length(key) <= 255 AND key !~ '#[0-9a-f]{{64}}$' THEN key
    ELSE left(key, 190) || '#' || encode(sha256(convert_to(exact, 'UTF8')), 'hex')
END
$signals_audit$;

CREATE OR REPLACE FUNCTION {schema}.signals_audit_hidden(key text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $signals_audit$
SELECT 'sha256:' || encode(sha256(convert_to(key, 'UTF8')), 'hex')
$signals_audit$;

-- Writes an entry, and before the first of a transaction its change set. Who and why stand in settings that Django's
-- side makes for the transaction; another client has none. They name a slot for each context of the transaction,
-- and the slot holds the id of its change set and the last place in it.
CREATE OR REPLACE FUNCTION {schema}.signals_audit_record(
    action text, label text, database text, key text, changes jsonb
) RETURNS void LANGUAGE plpgsql AS $signals_audit$
DECLARE
    slot text := 'signals_audit.slot_' || coalesce(nullif(current_setting('signals_audit.current', true), ''), '0');
    opened text := coalesce(current_setting(slot, true), '');
    because text[] := string_to_array(nullif(current_setting('signals_audit.cause', true), ''), E'\n');
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
    PERFORM set_config(slot, address || ' ' || place, true);
    INSERT INTO {entries} (
        change_set_id, seq, actor_id, action, model, "using", object_id, object_repr, changes, source,
        caused_by, caused_by_change_set, caused_by_seq, created_at
    ) VALUES (
        address, place, actor, action, label, database, key, left(label || ' ' || key, 255), changes, 'trigger',
        coalesce(because[3], ''), nullif(because[1], '')::uuid, nullif(because[2], '')::integer, moment
    );
END
$signals_audit$;

REVOKE EXECUTE ON FUNCTION {schema}.signals_audit_record(text, text, text, text, jsonb) FROM PUBLIC;
