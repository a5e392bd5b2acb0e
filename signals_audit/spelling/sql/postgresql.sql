-- How values are spelled in entries on PostgreSQL, as in signals_audit.values. {schema} is where the functions are made.
-- Every function takes NULL and returns NULL.

-- From 2**53 to 1e40 PostgreSQL's text may have a digit more than is needed: it leaves out texts that lie halfway between
-- two floats, which Python reads as the even one.
CREATE OR REPLACE FUNCTION {schema}.signals_audit_float(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $signals_audit$
DECLARE
    exponent text := substring(value FROM 'e.*');
    digits numeric;
    fewer numeric;
BEGIN
    IF value IN ('NaN', 'Infinity', '-Infinity') THEN
        RETURN CASE value WHEN 'NaN' THEN 'nan' WHEN 'Infinity' THEN 'inf' ELSE '-inf' END;
    ELSIF value ~ 'e[+][1-4][0-9]$' THEN
        digits := split_part(value, 'e', 1);
        WHILE scale(digits) > 0 LOOP
            fewer := trim_scale(round(digits, scale(digits) - 1));
            EXIT WHEN (fewer || exponent)::double precision <> value::double precision;
            digits := fewer;
        END LOOP;
        IF abs(digits) = 10 THEN
            digits := sign(digits);
            exponent := 'e+' || substr(exponent, 3)::integer + 1;
        END IF;
        value := digits || exponent;
        IF exponent = 'e+15' THEN
            value := value::numeric::text;
        END IF;
    END IF;
    RETURN CASE WHEN value LIKE '%e%' OR value LIKE '%.%' THEN value ELSE value || '.0' END;
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
            WHEN code < 127 THEN one
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

-- The JSON text of a JSON column's value; text, not jsonb, as all that entries are put together of.
CREATE OR REPLACE FUNCTION {schema}.signals_audit_json_text(value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $signals_audit$
BEGIN
    IF jsonb_path_exists(value, 'strict $.**{{16 to last}} ? (@.type() == "object" || @.type() == "array")') THEN
        RETURN '{{"json_text":' || to_json({schema}.signals_audit_canonical(value))::text || '}}';
    END IF;
    RETURN '{{"json":' || value::text || '}}';
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
