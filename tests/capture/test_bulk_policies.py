"""The option `bulk`: what a statement of many rows leaves in the log, and that nothing true is lost by it.

Many are more than three rows here, and two are read at a time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Concat

from signals_audit import (
    ChangeEvent,
    audit_context,
    changes_captured,
    changes_committed,
    failures,
    object_changed,
    on_change,
    on_delete,
    register,
)
from signals_audit.capture import catalog, sets, staging
from signals_audit.capture.connection import state_of
from signals_audit.exceptions import EntryNotWritten
from signals_audit.hooks import hooks
from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.registry import registry
from tests.failures.faults import refused
from tests.testapp.models import Article, Author, Comment, Place, Seat, Tag

from .log import Entry, connected, entries, first_entry, heard, make, orphans, statements

pytestmark = pytest.mark.django_db(transaction=True)

FEW = {"rows": 3, "database": 3, "summary": 1, "off": 1}
MODELS = (Article, Author, Comment, Place, Seat, Tag)
by_all = pytest.mark.parametrize("policy", FEW)
with_entries = pytest.mark.parametrize("policy", ["rows", "database"])
# MariaDB's spelling of floats needs a function; Article has one.
MADE_BY_DATABASE = connection.vendor != "mysql"


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sets, "FEW", FEW)
    for module in (sets, staging):
        monkeypatch.setattr(module, "AT_ONCE", 2)
    registered, declared = registry.snapshot(), hooks.snapshot()
    unwritten = failures.unwritten.value
    yield
    failures.unwritten.value = unwritten
    registry.restore(registered)
    hooks.restore(declared)


def use(policy: Any) -> None:
    for model in MODELS:
        register(model, bulk=policy)


def articles(count: int = 5, **values: Any) -> list[Article]:
    return [make(Article, title=f"t{number}", views=number, **values) for number in range(count)]


def told() -> list[Any]:
    """Return the entries without their places, in the order of their objects."""
    found = [entry._replace(seq=0) for entry in entries()]
    for entry in found:
        entry.changes.pop("created", None)  # the time of the day
    return sorted(found, key=lambda entry: (entry.model, entry.action, entry.object_id))


def clear() -> None:
    for model in (AuditEntry, ChangeSet, *MODELS):
        model._base_manager.all()._raw_delete("default")  # type: ignore[attr-defined]


def fixed(number: int) -> dict[str, Any]:
    """Return values of every kind, the same each time."""
    return {
        "id": 900 + number,
        "title": f"n{number}",
        "body": "a\\b 'c' \"d\" ä\n%s %",
        "views": -number,
        "price": Decimal("10.50") + number,
        "ratio": number / 8,
        "is_open": bool(number % 2),
        "token": f"00000000-0000-4000-8000-00000000000{number}",
        "meta": {"b": [number, None], "a": "ä"},
        "day": f"2026-11-{10 + number}" if number % 2 else None,
    }


def raw_delete(queryset: Any) -> Any:
    return queryset._raw_delete("default")


WRITES: dict[str, Callable[[], Any]] = {
    "update of all": lambda: Article.objects.update(views=9, status="x"),
    "update by an expression": lambda: Article.objects.update(views=F("views") + 1),
    "update that ends its own condition": lambda: Article.objects.filter(views__lt=4).update(views=40),
    "update by a join": lambda: Article.objects.filter(author__name="a").update(views=7),
    "update of what is so already": lambda: Article.objects.update(is_open=True),
    "update of some that are so already": lambda: Article.objects.update(views=2),
    "update of every kind": lambda: Article.objects.update(
        body="%s 'q' \\ ü",
        price=Decimal("3.10"),
        ratio=0.1,
        is_open=False,
        meta={"k": [1.5]},
        day="2026-01-02",
    ),
    "update of a text by a text": lambda: Article.objects.update(title=Concat(F("title"), Value("%"))),
    "update of a secret": lambda: Author.objects.update(password="new"),
    "update of nothing": lambda: Article.objects.filter(views=99).update(views=1),
    "update of a few": lambda: Article.objects.filter(views__lt=2).update(views=50),
    "update of a composite key's rows": lambda: Seat.objects.update(guest="G"),
    "update of keys that are named": lambda: Author.objects.filter(
        pk__in=[*Author.objects.values_list("pk", flat=True), 0, -1, -2, -3]
    ).update(name="named"),
    "update of keys that are not there": lambda: Author.objects.filter(pk__in=[-1, -2, -3, -4, -5]).update(
        name="named"
    ),
    "delete by a value that many have": lambda: raw_delete(Article.objects.filter(status__in=["draft"])),
    "update of keys": lambda: Place.objects.filter(name="p0").update(id=700),
    "delete": lambda: raw_delete(Article.objects.filter(Q(views__gt=0) | Q(title="t0"))),
    "delete by a join": lambda: raw_delete(Article.objects.filter(author__name="a")),
    "delete with what points there": lambda: Author.objects.filter(name="a").delete(),
    "delete of a composite key's rows": lambda: raw_delete(Seat.objects.all()),
    "bulk_create": lambda: Article.objects.bulk_create(Article(**fixed(number)) for number in range(5)),
    "bulk_create of composite keys": lambda: Seat.objects.bulk_create(
        Seat(row="z", number=number) for number in range(5)
    ),
    "bulk_create of some that are there": lambda: Tag.objects.bulk_create(
        [Tag(id=800 + number, name=f"g{number}") for number in range(6)], ignore_conflicts=True
    ),
    "upsert": lambda: Tag.objects.bulk_create(
        [Tag(id=number, name=f"u{number}") for number in (600, 601, 650, 651, 652)],
        update_conflicts=True,
        update_fields=["name"],
        **({} if connection.vendor == "mysql" else {"unique_fields": ["id"]}),
    ),
    "bulk_update": lambda: Article.objects.bulk_update(
        [_with(article, views=70 + number) for number, article in enumerate(Article.objects.order_by("id"))],
        ["views"],
    ),
}


def _with(article: Article, **values: Any) -> Article:
    for name, value in values.items():
        setattr(article, name, value)
    return article


def perform(write: Callable[[], Any]) -> Any:
    """Do a write on the same rows each time, and return what it returned and what the log says of it."""
    clear()
    author = make(Author, id=1, name="a", password="old")
    for number in range(5):
        values = {"id": 500 + number, "title": f"t{number}", "views": number}
        make(Article, **values, author=author if number else None, token=fixed(number)["token"])
        make(Seat, row="a", number=number)
        make(Place, id=400 + number, name=f"p{number}")
    for number in range(2):
        make(Tag, id=600 + number, name=f"g{number}")
        make(Author, id=2 + number, name="b", password="old")
    Article._base_manager.all().update(created="2026-11-22T12:00:00.000001Z")
    for model in (AuditEntry, ChangeSet):
        model._base_manager.all().delete()
    returned = write()
    return [str(one) for one in returned] if isinstance(returned, list) else returned


@pytest.mark.skipif(not MADE_BY_DATABASE, reason="MariaDB's spelling of floats needs a function")
def test_many_rows_that_have_one_value_are_many_rows() -> None:
    use("database")
    articles(5)
    raw_delete(Article.objects.filter(status__in=["draft"]))
    texts = AuditEntry.objects.values_list("object_repr", flat=True)
    assert {text.rpartition(" ")[0] for text in texts} == {"testapp.Article"}


@with_entries
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_many_rows_leave_the_entries_that_they_leave_one_by_one(
    write: Callable[[], Any], policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("rows")
    with monkeypatch.context() as patch:
        patch.setattr(sets, "FEW", dict.fromkeys(FEW, 1000))
        expected = perform(write), told()
    use(policy)
    assert (perform(write), told()) == expected
    assert orphans() == []


@by_all
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_no_policy_changes_what_a_statement_does(write: Callable[[], Any], policy: str) -> None:
    def rows() -> Any:
        Article._base_manager.all().update(created="2026-11-22T12:00:00Z")
        return [list(model._base_manager.order_by("pk").values()) for model in MODELS]

    use("off")
    perform(write)
    expected = rows()
    use(policy)
    perform(write)
    assert rows() == expected
    assert orphans() == []


@with_entries
def test_no_temporary_table_stays(policy: str) -> None:
    articles()
    use(policy)
    with transaction.atomic():
        Article.objects.update(views=9)
        raw_delete(Article.objects.all())
        with connection.cursor() as cursor:
            if connection.vendor == "mysql":
                with pytest.raises(Exception, match="signals_audit_before_1"):
                    cursor.execute("SELECT * FROM signals_audit_before_1")
            else:
                catalog = {"sqlite": "name FROM sqlite_temp_master", "postgresql": "relname FROM pg_class"}
                cursor.execute(f"SELECT {catalog[connection.vendor]}")
                assert [
                    name for (name,) in cursor.fetchall() if name.startswith("signals_audit_before")
                ] == []
    assert len(entries()) == 10


@with_entries
def test_entries_of_many_rows_stand_in_one_change_set_of_their_context(policy: str) -> None:
    articles()
    use(policy)
    with audit_context(actor="import", reason="monthly"), transaction.atomic():
        Article.objects.filter(views=0).update(views=1)
        Article.objects.update(views=9)
        raw_delete(Article.objects.filter(title="t1"))
    assert [(found.reason, found.actor_repr) for found in ChangeSet.objects.all()] == [("monthly", "import")]
    places = [(entry.action, entry.object_id) for entry in sorted(entries(), key=lambda entry: entry.seq)]
    assert [action for action, _ in places] == ["update"] * 6 + ["delete"]
    assert len({entry.seq for entry in entries()}) == 7
    keys = [int(key) for _action, key in places]
    assert keys[1:6] == sorted(keys[1:6])


@by_all
def test_a_rollback_takes_entries_of_many_rows_along(policy: str) -> None:
    articles()
    use(policy)
    with transaction.atomic():
        with transaction.atomic():
            Article.objects.update(views=9)
            transaction.set_rollback(True)
        Article.objects.filter(title="t4").update(views=5)
    assert [(entry.action, entry.changes) for entry in entries()] == [("update", {"views": [4, 5]})]
    assert orphans() == []


@by_all
def test_a_statement_that_fails_leaves_nothing(policy: str) -> None:
    articles()
    use(policy)
    with pytest.raises(IntegrityError):
        Article.objects.update(title="the same")
    assert entries() == []
    assert sorted(Article.objects.values_list("title", flat=True)) == ["t0", "t1", "t2", "t3", "t4"]
    assert Article.objects.update(views=9) == 5


def test_many_rows_cost_the_database_a_copy_and_one_insert_of_entries() -> None:
    articles()
    use("database")
    with statements() as ran:
        Article.objects.update(views=9)
    made = [statement for statement in ran if "auditentry" in statement]
    assert len(made) == (1 if MADE_BY_DATABASE else 3)
    if connection.vendor == "sqlite":
        assert ran == [
            "BEGIN",
            "SELECT testapp_article",
            "CREATE",
            "UPDATE testapp_article",
            "INSERT signals_audit_auditentry",
            "INSERT signals_audit_changeset",
            "DROP",
            "COMMIT",
        ]


def test_a_few_rows_cost_what_they_always_do() -> None:
    articles(3)
    use("database")
    with transaction.atomic(), statements() as ran:
        Article.objects.update(views=9)
    again = ["SELECT testapp_article"] if connection.vendor == "mysql" else []
    assert ran == ["SELECT testapp_article", "UPDATE testapp_article", *again, *first_entry()]


def test_the_database_knows_objects_by_their_keys_alone() -> None:
    seats = [make(Tag, name=f"n{number}") for number in range(5)]
    use("database")
    Tag.objects.update(name=Concat(F("name"), Value("x")))
    by_key = dict(AuditEntry.objects.values_list("object_id", "object_repr"))
    assert by_key == {str(tag.pk): f"testapp.Tag {tag.pk}" for tag in seats}


def test_where_somebody_hears_of_single_rows_they_are_told_one_by_one() -> None:
    articles()
    use("database")
    heard_of: list[str] = []

    def hear(event: ChangeEvent, **_kwargs: Any) -> None:
        heard_of.append(event.object_repr)

    with connected(object_changed, hear, Article):
        Article.objects.update(views=9)
    assert heard_of == ["t0", "t1", "t2", "t3", "t4"]
    assert list(AuditEntry.objects.order_by("id").values_list("object_repr", flat=True)) == heard_of


def test_a_hook_for_another_action_leaves_the_entries_to_the_database() -> None:
    for number in range(5):
        make(Tag, name=f"n{number}")
    use("database")
    on_delete(Tag)(lambda event: None)
    Tag.objects.update(name=Concat(F("name"), Value("x")))
    assert set(AuditEntry.objects.values_list("object_repr", flat=True)) == {
        f"testapp.Tag {key}" for key in Tag.objects.values_list("pk", flat=True)
    }


@by_all
def test_signals_and_hooks_hear_of_every_row_under_every_policy(policy: str) -> None:
    articles()
    use(policy)
    hooked: list[Any] = []
    on_change(Article, "views")(lambda event: hooked.append(event.changes["views"]))
    with heard() as events:
        Article.objects.update(views=9)
    assert [event.changes["views"] for event in events] == [(0, 9), (1, 9), (2, 9), (3, 9), (4, 9)]
    assert hooked == [(0, 9), (1, 9), (2, 9), (3, 9), (4, 9)]


@by_all
def test_a_receiver_that_raises_amid_many_rows_undoes_them_all(policy: str) -> None:
    articles()
    use(policy)

    def veto(event: ChangeEvent, **_kwargs: Any) -> None:
        if event.changes["views"].before == 3:  # type: ignore[union-attr]
            raise ValueError("no")

    with connected(object_changed, veto), pytest.raises(ValueError, match="no"):
        Article.objects.update(views=9)
    assert sorted(Article.objects.values_list("views", flat=True)) == [0, 1, 2, 3, 4]
    assert (entries(), orphans()) == ([], [])


def test_a_receiver_of_batches_is_called_for_a_statement_and_model() -> None:
    calls: list[Any] = []

    def hear(sender: Any, events: Any, using: str, **_kwargs: Any) -> None:
        calls.append((sender, using, [(event.action, event.object_repr) for event in events]))

    with connected(changes_captured, hear):
        Tag.objects.bulk_create([Tag(name="a"), Tag(name="b"), Tag(name="c")])
        Tag.objects.filter(name="a").update(name="d")
        article = Article.objects.create(title="x")
        article.tags.add(*Tag.objects.all())
    assert calls == [
        (Tag, "default", [("create", "a"), ("create", "b"), ("create", "c")]),
        (Tag, "default", [("update", "d")]),
        (Article, "default", [("create", "x")]),
        (Article, "default", [("update", "x")]),
    ]


def test_a_receiver_of_batches_is_given_many_rows_some_at_a_time_and_may_refuse() -> None:
    articles()
    use("rows")
    sizes: list[int] = []

    def hear(events: Any, **_kwargs: Any) -> None:
        sizes.append(len(events))
        if len(sizes) == 3:
            raise ValueError("too many")

    with connected(changes_captured, hear, Article), pytest.raises(ValueError, match="too many"):
        Article.objects.update(views=9)
    assert sizes == [2, 2, 1]
    assert Article.objects.filter(views=9).count() == 0
    assert entries() == []


def test_after_commit_all_rows_are_told_at_once() -> None:
    articles()
    use("rows")
    sizes: list[int] = []
    with connected(changes_committed, lambda events, **_kwargs: sizes.append(len(events))):
        Article.objects.update(views=9)
    assert sizes == [5]


def test_a_summary_holds_what_the_single_entries_would() -> None:
    made = articles()
    use("summary")
    Article.objects.update(views=2)
    keys = [str(article.pk) for article in made]
    pieces = [(keys[:2], 2), (keys[3:4], 1), (keys[4:], 1)]
    assert entries() == [
        Entry(
            "update",
            "testapp.Article",
            "",
            {
                "views": {
                    "before": {key: keys.index(key) for key in some},
                    "after": dict.fromkeys(some, 2),
                }
            },
            "update",
            number,
        )
        for number, (some, _size) in enumerate(pieces, 1)
    ]
    assert list(AuditEntry.objects.order_by("id").values_list("object_repr", flat=True)) == [
        f"{size} articles" for _some, size in pieces
    ]


def test_a_summary_masks_and_names_only_the_side_that_there_is() -> None:
    use("summary")
    made = Author.objects.bulk_create([Author(name="a", password="s"), Author(name="b")])
    one, two = (str(author.pk) for author in made)
    assert [entry.changes for entry in entries()] == [
        {
            "id": {"after": {one: int(one), two: int(two)}},
            "name": {"after": {one: "a", two: "b"}},
            "email": {"after": {one: "", two: ""}},
            "password": {"after": {one: {"masked": True}, two: {"masked": True}}},
        }
    ]
    AuditEntry.objects.all()._raw_delete("default")
    Author.objects.filter(articles=None).delete()
    assert [(entry.action, sorted(entry.changes), entry.changes["password"]) for entry in entries()] == [
        (
            "delete",
            ["email", "id", "name", "password"],
            {"before": {one: {"masked": True}, two: {"masked": True}}},
        )
    ]


def test_a_summary_of_nothing_is_not_written() -> None:
    articles()
    use("summary")
    Article.objects.update(is_open=True)
    assert (entries(), orphans()) == ([], [])


@pytest.mark.parametrize("policy", ["summary", "off"])
def test_a_statement_of_one_row_has_its_entry_all_the_same(policy: str) -> None:
    (article,) = articles(1)
    use(policy)
    Article.objects.update(views=9)
    Article.objects.bulk_create([Article(title="new")])
    Article.objects.filter(pk=article.pk).delete()
    assert [(entry.action, entry.source) for entry in entries()] == [
        ("update", "update"),
        ("create", "bulk_create"),
        ("delete", "delete"),
    ]


def test_off_leaves_nothing_of_many_rows() -> None:
    articles(2)
    use("off")
    Article.objects.update(views=9)
    Article.objects.bulk_create([Article(title="x"), Article(title="y")])
    raw_delete(Article.objects.all())
    assert (entries(), orphans()) == ([], [])


@with_entries
def test_many_changes_do_not_stand_without_their_entries(policy: str) -> None:
    articles()
    use(policy)
    with refused(), pytest.raises(EntryNotWritten, match="could not be written"):
        Article.objects.update(views=9)
    assert Article.objects.filter(views=9).count() == 0
    assert Article.objects.update(views=9) == 5


@with_entries
def test_where_changes_are_to_go_through_their_entries_go_to_the_spool(
    policy: str, settings: Any, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(5):
        make(Tag, name=f"n{number}")
    use(policy)
    settings.SIGNALS_AUDIT = {**settings.SIGNALS_AUDIT, "ON_ERROR": "log", "SPOOL": str(tmp_path)}
    caplog.set_level(logging.CRITICAL, "signals_audit")
    with refused():
        Tag.objects.update(name=Concat(F("name"), Value("x")))
    assert set(Tag.objects.values_list("name", flat=True)) == {f"n{number}x" for number in range(5)}
    spooled = [line for path in tmp_path.iterdir() for line in path.read_text().splitlines()]
    assert len(spooled) == 5


OWN_TRIGGER = {
    "sqlite": "CREATE TRIGGER own AFTER UPDATE OF views ON testapp_article "
    "BEGIN UPDATE testapp_article SET status = 'seen' WHERE id = NEW.id; END",
    "postgresql": "CREATE FUNCTION own() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN NEW.status = ''seen''; RETURN NEW; END'; "
    "CREATE TRIGGER own BEFORE UPDATE ON testapp_article FOR EACH ROW EXECUTE FUNCTION own()",
    "mysql": "CREATE TRIGGER own BEFORE UPDATE ON testapp_article FOR EACH ROW SET NEW.status = 'seen'",
}
NO_TRIGGER = {"postgresql": "DROP FUNCTION own CASCADE"}


@with_entries
def test_a_trigger_of_the_projects_own_is_seen_in_many_rows(policy: str) -> None:
    """What an UPDATE changes besides the columns that it names counts, too."""
    articles()
    use(policy)
    with connection.cursor() as cursor:
        cursor.execute(OWN_TRIGGER[connection.vendor])
    try:
        Article.objects.filter(views__gt=0).update(views=9)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(NO_TRIGGER.get(connection.vendor, "DROP TRIGGER own"))
    assert [entry.changes for entry in entries()] == [
        {"views": [number, 9], "status": ["draft", "seen"]} for number in range(1, 5)
    ]


MORE_THAN_A_TABLE = """
CREATE TABLE bare (id integer PRIMARY KEY, other integer REFERENCES bare);
CREATE TABLE generating (id integer, made integer GENERATED ALWAYS AS (id + 1) STORED);
CREATE TABLE ruled (id integer); CREATE RULE own AS ON UPDATE TO ruled DO ALSO SELECT 1;
CREATE TABLE parting (id integer) PARTITION BY RANGE (id);
CREATE TABLE testator (id integer); CREATE TABLE its () INHERITS (testator);
CREATE TABLE moved (id integer PRIMARY KEY);
CREATE TABLE moving (id integer REFERENCES moved ON UPDATE CASCADE);
CREATE TABLE part PARTITION OF parting DEFAULT;
CREATE VIEW seeing AS SELECT id FROM bare;
"""


@pytest.mark.skipif(connection.vendor != "postgresql", reason="nothing else has rules and heirs")
def test_a_table_is_not_taken_for_one_whose_other_columns_stay_if_there_is_more_to_it() -> None:
    names = ("bare", "generating", "ruled", "parting", "part", "testator", "moved", "seeing", "nowhere")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MORE_THAN_A_TABLE)
        found = {name: catalog.changes_alone(connection, name) for name in names}
        transaction.set_rollback(True)
    assert found == dict.fromkeys(names, False) | {"bare": True}


def written(entry: Entry) -> str:
    return json.dumps(entry, sort_keys=True)


@by_all
def test_who_may_make_no_temporary_tables_has_the_same_entries(policy: str) -> None:
    state = state_of(connections["default"])

    def write() -> Any:
        Article.objects.order_by("title").update(views=9)
        raw_delete(Article.objects.all())

    use(policy)
    perform(write)
    expected = told()
    state.can_stage = False
    try:
        perform(write)
    finally:
        state.can_stage = None
    assert sum(len(entry.object_id) > 0 for entry in expected) == (
        10 if policy in ("rows", "database") else 0
    )
    assert sorted(map(written, told())) == sorted(map(written, expected))


def test_whether_temporary_tables_may_be_made_is_found_out() -> None:
    articles()
    use("rows")
    state = state_of(connections["default"])
    state.can_stage = None
    Article.objects.update(views=9)
    assert state.can_stage is True
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("CREATE ROLE signals_audit_modest")
            cursor.execute(f"REVOKE TEMP ON DATABASE {connection.settings_dict['NAME']} FROM PUBLIC")
            cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO signals_audit_modest")
            cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO signals_audit_modest")
            cursor.execute("SET ROLE signals_audit_modest")
        state.can_stage = None
        try:
            assert Article.objects.update(views=8) == 5
            assert state.can_stage is False
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")
                cursor.execute("DROP OWNED BY signals_audit_modest")
                cursor.execute("DROP ROLE signals_audit_modest")
                cursor.execute(f"GRANT TEMP ON DATABASE {connection.settings_dict['NAME']} TO PUBLIC")
            state.can_stage = None
        assert len(entries()) == 10
