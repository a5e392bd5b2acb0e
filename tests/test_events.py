"""Events: what a row that came or went says of itself."""

from __future__ import annotations

from signals_audit.events import Change, WholeRow


def made() -> WholeRow:
    return WholeRow(("id", "name"), [1, "a"], lambda values: [(None, value) for value in values])


def test_the_changes_of_a_whole_row_are_a_mapping_like_any_other() -> None:
    changes = {"id": Change(None, 1), "name": Change(None, "a")}
    assert made() == changes
    assert changes == made()
    assert (list(made()), len(made()), repr(made())) == (["id", "name"], 2, repr(changes))
    assert made()["name"].after == "a"
    assert "other" not in made()


def test_they_are_made_once_and_only_when_somebody_asks() -> None:
    asked = []
    row = WholeRow(("id",), [1], lambda values: [asked.append(value) or (None, value) for value in values])  # type: ignore[func-returns-value]
    assert (len(row), list(row), asked) == (1, ["id"], [])
    assert row["id"] is row["id"]
    assert asked == [1]
