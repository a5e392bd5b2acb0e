"""The spellings of MariaDB: expressions for the JSON text of a value, and functions behind them.

JSON that is nested more than 16 levels, or holds NUL, is kept as the text that it was stored as: its keys
are not sorted.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from .columns import Column
from .kinds import Kind
from .literals import digest_of

FLOAT = """(v DOUBLE) RETURNS VARCHAR(40) CHARSET utf8mb4 DETERMINISTIC NO SQL
BEGIN
    DECLARE t, s, d VARCHAR(400) CHARSET utf8mb4 DEFAULT '';
    DECLARE e, dot INT DEFAULT 0;
    SET t = CAST(v AS CHAR);
    IF LEFT(t, 1) = '-' THEN SET s = '-', t = SUBSTR(t, 2); END IF;
    IF LOCATE('e', t) THEN
        SET e = CAST(SUBSTR(t, LOCATE('e', t) + 1) AS SIGNED), t = LEFT(t, LOCATE('e', t) - 1);
    END IF;
    SET dot = LOCATE('.', t);
    SET e = e + IF(dot, dot - 2, CHAR_LENGTH(t) - 1), d = REPLACE(t, '.', '');
    WHILE LEFT(d, 1) = '0' AND CHAR_LENGTH(d) > 1 DO SET d = SUBSTR(d, 2), e = e - 1; END WHILE;
    SET d = TRIM(TRAILING '0' FROM d);
    IF d = '' THEN RETURN CONCAT(s, '0.0'); END IF;
    IF e BETWEEN 0 AND 15 THEN
        RETURN CONCAT(
            s, RPAD(LEFT(d, e + 1), e + 1, '0'), '.', IF(CHAR_LENGTH(d) > e + 1, SUBSTR(d, e + 2), '0')
        );
    END IF;
    IF e BETWEEN -4 AND -1 THEN RETURN CONCAT(s, '0.', REPEAT('0', -e - 1), d); END IF;
    RETURN CONCAT(
        s, LEFT(d, 1), IF(CHAR_LENGTH(d) > 1, CONCAT('.', SUBSTR(d, 2)), ''),
        'e', IF(e < 0, '-', '+'), LPAD(ABS(e), GREATEST(2, CHAR_LENGTH(ABS(e))), '0')
    );
END"""
DECIMAL = """(f VARCHAR(100) CHARSET utf8mb4) RETURNS VARCHAR(100) CHARSET utf8mb4 DETERMINISTIC NO SQL
BEGIN
    DECLARE d VARCHAR(100) CHARSET utf8mb4 DEFAULT REPLACE(REPLACE(f, '-', ''), '.', '');
    DECLARE e INT;
    SET d = TRIM(LEADING '0' FROM d);
    IF d = '' THEN SET d = '0'; END IF;
    SET e = CHAR_LENGTH(d) - 1 - CHAR_LENGTH(SUBSTRING_INDEX(f, '.', -1));
    IF e >= -6 OR LOCATE('.', f) = 0 THEN RETURN f; END IF;
    RETURN CONCAT(
        IF(LEFT(f, 1) = '-', '-', ''), LEFT(d, 1), IF(CHAR_LENGTH(d) > 1, CONCAT('.', SUBSTR(d, 2)), ''),
        'E', e
    );
END"""
KEY = """(k LONGTEXT CHARSET utf8mb4, exact LONGTEXT CHARSET utf8mb4) RETURNS VARCHAR(255) CHARSET utf8mb4
DETERMINISTIC NO SQL
BEGIN
    IF CHAR_LENGTH(k) <= 255 AND NOT (BINARY k REGEXP '#[0-9a-f]{64}$') THEN RETURN k; END IF;
    RETURN CONCAT(LEFT(k, 190), '#', SHA2(exact, 256));
END"""
# JSON_QUOTE writes control characters with capitals, Python does not.
ESCAPED = [f"{code:02x}" for code in range(32) if f"{code:02x}".upper() != f"{code:02x}"]
KEY = KEY.replace(
    "    RETURN CONCAT",
    "".join(
        f"    SET exact = REPLACE(exact, '\\\\u00{code.upper()}', '\\\\u00{code}');\n" for code in ESCAPED
    )
    + "    RETURN CONCAT",
)
BODIES = {"float": FLOAT, "decimal": DECIMAL, "key": KEY}
FUNCTIONS = {name: f"signals_audit_{name}_{digest_of(body)[:8]}" for name, body in BODIES.items()}
SHARED = tuple(f"CREATE FUNCTION IF NOT EXISTS {FUNCTIONS[name]} {body}" for name, body in BODIES.items())


def encoded(column: Column, value: str, *, has_uuid: bool) -> str:
    """Return the SQL of the JSON text of a column's stored value."""
    return f"IF({value} IS NULL, 'null', {_known(column, value, has_uuid)})"


def _known(column: Column, value: str, has_uuid: bool) -> str:
    if column.is_masked:
        return """'{"masked":true}'"""
    if column.kind is Kind.BOOLEAN:
        return f"IF({value}, 'true', 'false')"
    if column.kind is Kind.INTEGER:
        whole = f"""CONCAT('{{"int":"', {value}, '"}}')"""
        return f"IF(ABS(CAST({value} AS DECIMAL(30, 0))) > 9007199254740991, {whole}, CAST({value} AS CHAR))"
    if column.kind is Kind.JSON:
        nul = "'\\\\u0000'"
        odd = f"INSTR({value}, {nul}) OR JSON_DEPTH({value}) > 17"
        return (
            f"""IF({odd}, CONCAT('{{"json_text":', JSON_QUOTE(CAST({value} AS CHAR)), '}}'), """
            f"""CONCAT('{{"json":', {value}, '}}'))"""
        )
    if column.kind in (Kind.TEXT, Kind.ADDRESS):
        coded = f"REPLACE(TO_BASE64({value}), '\\n', '')"
        text = f"""CONCAT('{{"text":"', {coded}, '"}}')"""
        return f"IF(INSTR({value}, CHAR(0)), {text}, JSON_QUOTE(CAST({value} AS CHAR)))"
    if column.kind is Kind.OTHER:
        return f"""CONCAT('{{"repr":', JSON_QUOTE(CAST({value} AS CHAR)), '}}')"""
    return f"""CONCAT('{{"{column.kind.tag}":"', {spelled(column, value, has_uuid=has_uuid)}, '"}}')"""


def spelled(column: Column, value: str, *, has_uuid: bool) -> str:
    """Return the SQL of the text within a tag."""
    if column.kind is Kind.UUID:
        return f"LOWER(CAST({value} AS CHAR))" if has_uuid else hyphenated(value)
    if column.kind is Kind.DECIMAL and (column.places is None or column.places > 6):
        return f"{FUNCTIONS['decimal']}(CAST({value} AS CHAR))"
    return SPELLINGS.get(column.kind, _text)(value)


def hyphenated(value: str) -> str:
    """Return the SQL of a UUID's text, of its 32 digits."""
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return "CONCAT_WS('-', " + ", ".join(f"SUBSTR({value}, {start}, {size})" for start, size in parts) + ")"


def _text(value: str) -> str:
    return f"CAST({value} AS CHAR)"


def _micros(value: str) -> str:
    return f"IF(MICROSECOND({value}), CONCAT('.', LPAD(MICROSECOND({value}), 6, '0')), '')"


def _moment(value: str) -> str:
    offset = "'+00:00'" if settings.USE_TZ else "''"
    return f"CONCAT(DATE_FORMAT({value}, '%Y-%m-%dT%H:%i:%s'), {_micros(value)}, {offset})"


def _duration(value: str) -> str:
    micros = f"ABS({value})"
    parts = ((3600000000, 24), (60000000, 60), (1000000, 60))
    hours, minutes, seconds = (f"LPAD({micros} DIV {unit} MOD {most}, 2, '0')" for unit, most in parts)
    rest = f"IF({micros} MOD 1000000, CONCAT('.', LPAD({micros} MOD 1000000, 6, '0')), '')"
    sign = f"IF({value} < 0, '-', '')"
    time = f"{hours}, 'H', {minutes}, 'M', {seconds}, {rest}, 'S'"
    return f"CONCAT({sign}, 'P', {micros} DIV 86400000000, 'DT', {time})"


SPELLINGS: dict[Kind, Callable[[str], str]] = {
    Kind.FLOAT: lambda value: f"{FUNCTIONS['float']}({value})",
    Kind.DATETIME: _moment,
    Kind.TIME: lambda value: f"CONCAT(TIME_FORMAT({value}, '%H:%i:%s'), {_micros(value)})",
    Kind.DURATION: _duration,
    Kind.BYTES: lambda value: f"REPLACE(TO_BASE64({value}), '\\n', '')",
}
