"""The spellings of SQLite: expressions in plain SQL for the JSON text of a value."""
# ruff: noqa: S608 - what stands in these expressions are names of columns, quoted

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from .columns import Column
from .kinds import Kind

EXACT = 9007199254740991  # beyond it a float is not exact, nor is a number in JSON


def encoded(column: Column, value: str) -> str:
    """Return the SQL of the JSON text of a column's stored value."""
    if column.is_masked:
        made = """'{"masked":true}'"""
    elif column.kind is Kind.BOOLEAN:
        made = f"CASE WHEN {value} THEN 'true' ELSE 'false' END"
    elif column.kind is Kind.JSON:
        made = (
            f"CASE WHEN NOT json_valid({value}) THEN json_object('repr', {value}) "
            f"WHEN instr({value}, '\\u0000') THEN json_object('json_text', {value}) "
            f"""ELSE '{{"json":' || json({value}) || '}}' END"""
        )
    elif column.kind in SPELLINGS:
        kinds, spell = SPELLINGS[column.kind]
        tagged = f"json_object('{column.kind.tag}', {spell(value, column)})"
        made = f"CASE WHEN typeof({value}) IN ({kinds}) THEN {tagged} ELSE {_plain(value)} END"
    elif column.kind is Kind.INTEGER:
        is_short = f"typeof({value}) = 'integer' AND {value} BETWEEN -{EXACT} AND {EXACT}"
        made = f"CASE WHEN {is_short} THEN {value} ELSE {_plain(value)} END"
    else:
        made = _plain(value)
    return f"CASE WHEN {value} IS NULL THEN 'null' ELSE {made} END"


# What most values need comes first in these expressions: a statement may have a million rows.


def _plain(value: str) -> str:
    """Return the SQL of text and integers, whatever the column is said to hold."""
    return (
        f"CASE WHEN typeof({value}) = 'integer' AND abs({value} / 2) > 4503599627370495 "
        f"THEN json_object('int', {value} || '') "
        f"WHEN typeof({value}) = 'blob' OR instr({value}, char(0)) THEN json_object('repr', hex({value})) "
        f"ELSE json_quote({value}) END"
    )


def hyphenated(value: str) -> str:
    """Return the SQL of a UUID's text."""
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return "(" + " || '-' || ".join(f"substr({value}, {start}, {size})" for start, size in parts) + ")"


def _decimal(value: str, column: Column) -> str:
    """Return what Python makes of SQLite's float: 15 digits, then the places, ties to even."""
    places = column.places or 0
    rounded, precise = (f"printf('%.{digits}f', x)" for digits in (places, places + 10))
    cut = f"substr({precise}, 1, length({precise}) - {10 if places else 11})"
    is_tie = f"substr({precise}, -10) = '5000000000' AND instr('02468', substr({cut}, -1))"
    fixed = f"""(SELECT CASE WHEN {is_tie} THEN {cut} ELSE {rounded} END
        FROM (SELECT CAST(printf('%.15g', {value}) AS REAL) AS x))"""
    if places <= 6:
        short = f"printf('%.{places}f', {value})"
        return f"CASE WHEN CAST({short} AS REAL) = {value} THEN {short} ELSE {fixed} END"
    digits = "coalesce(nullif(ltrim(replace(replace(f, '-', ''), '.', ''), '0'), ''), '0')"
    return f"""(SELECT CASE WHEN length(d) - 1 - {places} >= -6 THEN f ELSE
        CASE WHEN f LIKE '-%' THEN '-' ELSE '' END || substr(d, 1, 1)
        || CASE WHEN length(d) > 1 THEN '.' || substr(d, 2) ELSE '' END
        || 'E' || (length(d) - 1 - {places}) END
        FROM (SELECT f, {digits} AS d FROM (SELECT {fixed} AS f)))"""


def _float(value: str, _column: Column) -> str:
    """Return the shortest text that is read as the same float, written as Python writes it."""
    tries = [f"printf('%!.{digits}e', {value})" for digits in (14, 15, 16)]
    shortest = " ".join(f"WHEN CAST({text} AS REAL) = {value} THEN {text}" for text in tries[:2])
    is_usual = f"abs({value}) BETWEEN 0.0001 AND 1e14 AND CAST({value} || '' AS REAL) = {value}"
    mantissa = "replace(replace(substr(t, 1, instr(t, 'e') - 1), '.', ''), '-', '')"
    return f"""CASE WHEN {value} = 0.0 THEN '0.0' WHEN {is_usual} THEN {value} || '' ELSE (SELECT CASE
        WHEN {value} = 9e999 THEN 'inf' WHEN {value} = -9e999 THEN '-inf'
        WHEN e BETWEEN 0 AND 15 THEN s || substr(d || '0000000000000000', 1, e + 1) || '.'
            || coalesce(nullif(substr(d, e + 2), ''), '0')
        WHEN e BETWEEN -4 AND -1 THEN s || '0.' || substr('000', 1, -e - 1) || d
        ELSE s || substr(d, 1, 1) || CASE WHEN length(d) > 1 THEN '.' || substr(d, 2) ELSE '' END
            || printf('e%+03d', e) END
        FROM (SELECT CASE WHEN t LIKE '-%' THEN '-' ELSE '' END AS s,
            coalesce(nullif(rtrim({mantissa}, '0'), ''), '0') AS d,
            CAST(substr(t, instr(t, 'e') + 1) AS INTEGER) AS e
            FROM (SELECT CASE {shortest} ELSE {tries[2]} END AS t))) END"""


def _duration(value: str, _column: Column) -> str:
    micros = f"abs({value})"
    return f"""(CASE WHEN {value} < 0 THEN '-' ELSE '' END
        || printf('P%dDT%02dH%02dM%02d', {micros} / 86400000000,
        {micros} / 3600000000 % 24, {micros} / 60000000 % 60, {micros} / 1000000 % 60)
        || CASE WHEN {micros} % 1000000 THEN printf('.%06d', {micros} % 1000000) ELSE '' END || 'S')"""


def _base64(value: str, _column: Column) -> str:
    letters = "'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'"
    nibble = "instr('123456789ABCDEF', substr(h, {}, 1)) << {}"
    digits = " + ".join(f"({nibble.format(place + 1, 20 - 4 * place)})" for place in range(6))
    one, two, three, four = (f"substr({letters}, (w >> {shift} & 63) + 1, 1)" for shift in (18, 12, 6, 0))
    return f"""(SELECT coalesce(group_concat({one} || {two} || CASE WHEN n < 2 THEN '=' ELSE {three} END
        || CASE WHEN n < 3 THEN '=' ELSE {four} END, ''), '')
        FROM (SELECT {digits} AS w, n FROM (
            WITH RECURSIVE places (i) AS (
                SELECT 1 WHERE length({value}) > 0
                UNION ALL SELECT i + 3 FROM places WHERE i + 3 <= length({value})
            )
            SELECT hex(substr({value}, i, 3)) || '0000' AS h, length(substr({value}, i, 3)) AS n FROM places
        )))"""


def _moment(value: str, _column: Column) -> str:
    return f"replace({value}, ' ', 'T')" + (" || '+00:00'" if settings.USE_TZ else "")


NUMBERS = "'integer', 'real'"
SPELLINGS: dict[Kind, tuple[str, Callable[[str, Column], str]]] = {
    Kind.FLOAT: (NUMBERS, _float),
    Kind.DECIMAL: (NUMBERS, _decimal),
    Kind.DATE: ("'text'", lambda value, _: value),
    Kind.TIME: ("'text'", lambda value, _: value),
    Kind.DATETIME: ("'text'", _moment),
    Kind.DURATION: ("'integer'", _duration),
    Kind.UUID: ("'text'", lambda value, _: hyphenated(value)),
    Kind.BYTES: ("'blob'", _base64),
}
