"""What others write between the statements of one write: told as it was, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import django
import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.db.models import F

from signals_audit import disabled
from tests.capture.log import entries, make
from tests.testapp.models import Article, Child, Parent, Person, Tag, Vote

if django.VERSION >= (6, 1):
    from tests.testapp.models import Shelfful, Shop

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="nobody else can write in between"),
]


def elsewhere(sql: str, *params: Any) -> None:
    """Write on a connection of one's own."""
    with closing(connection.copy()) as rival, disabled(), rival.cursor() as cursor:
        cursor.execute(sql, params)


@contextmanager
def in_front_of(verb: str, act: Callable[[], None]) -> Iterator[None]:
    """Have something happen in front of the first statement that begins with a verb."""
    done: list[str] = []

    def run(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if sql.startswith(verb) and not done:
            done.append(sql)
            act()
        return execute(sql, *arguments)

    with connection.execute_wrapper(run):
        yield
    assert done


@pytest.fixture
def votes() -> list[Vote]:
    with disabled():
        return [Vote.objects.create(weight=weight) for weight in (0, 50)]


def test_a_row_that_comes_to_match_an_update_in_between_is_not_changed_untold(votes: list[Vote]) -> None:
    near, far = votes
    write = "UPDATE testapp_vote SET weight = 5 WHERE id = %s"
    with in_front_of("UPDATE", lambda: elsewhere(write, far.pk)):
        Vote.objects.filter(weight__lt=10).update(weight=F("weight") + 1)
    told = {entry.object_id: entry.changes["weight"] for entry in entries()}
    weight = Vote.objects.get(pk=far.pk).weight
    assert told.pop(str(near.pk)) == [0, 1]
    assert (weight, told) in [(5, {}), (6, {str(far.pk): [5, 6]})]


WAITING = {
    "postgresql": "SELECT count(*) FROM pg_locks WHERE NOT granted",
    "mysql": "SELECT count(*) FROM information_schema.processlist "  # of locks only administrators are told
    "WHERE command = 'Query' AND id <> connection_id() AND time_ms > 100",
}


def wait_until_they_wait(number: int) -> None:
    """Return as soon as so many statements wait for locks."""
    with closing(connection.copy()) as rival, rival.cursor() as cursor:
        for _attempt in range(1000):
            cursor.execute(WAITING[connection.vendor])
            if cursor.fetchone()[0] >= number:
                return
            time.sleep(0.01)
    raise AssertionError(f"Less than {number} wait for locks")


def save_while_it_is_held(sql: str, votes: Sequence[Vote]) -> None:
    """Have a statement hold a row until all saves of it wait."""

    def save(vote: Vote) -> None:
        vote.save(force_update=True)
        connection.close()

    with closing(connection.copy()) as rival, ThreadPoolExecutor(len(votes)) as pool:
        rival.set_autocommit(False)
        with disabled(), rival.cursor() as cursor:
            cursor.execute(sql, [votes[0].pk])
        saves = [pool.submit(save, vote) for vote in votes]
        wait_until_they_wait(len(votes))
        rival.commit()
        for saving in saves:
            saving.result(timeout=30)


def test_a_save_that_waited_for_others_tells_what_they_left(votes: list[Vote]) -> None:
    save_while_it_is_held(
        "UPDATE testapp_vote SET weight = 5 WHERE id = %s", [Vote(pk=votes[0].pk, weight=7)]
    )
    assert [entry.changes for entry in entries()] == [{"weight": [5, 7]}]


def test_a_save_that_waited_for_a_deletion_is_refused_as_without_the_app(votes: list[Vote]) -> None:
    with pytest.raises(DatabaseError, match="Forced update did not affect any rows"):
        save_while_it_is_held("DELETE FROM testapp_vote WHERE id = %s", [Vote(pk=votes[0].pk, weight=7)])
    assert entries() == []


def test_saves_that_wait_for_one_row_together_all_get_it_in_turn(votes: list[Vote]) -> None:
    write = "UPDATE testapp_vote SET weight = 5 WHERE id = %s"
    save_while_it_is_held(write, [Vote(pk=votes[0].pk, weight=weight) for weight in (10, 20, 30, 40)])
    changes = [entry.changes["weight"] for entry in entries()]
    assert [old for old, _new in changes] == [5, *(new for _old, new in changes[:-1])]
    assert sorted(new for _old, new in changes) == [10, 20, 30, 40]


IMPATIENCE = {
    "postgresql": "SET SESSION lock_timeout = '3s'",
    "mysql": "SET SESSION innodb_lock_wait_timeout = 3",
}


@pytest.fixture
def impatient() -> Iterator[None]:
    """Have this connection fail where it waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(IMPATIENCE[connection.vendor])
    yield
    connection.close()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("weight", [0, 1], ids=["meets a row", "meets no row"])
def test_an_update_does_not_wait_for_rows_that_it_does_not_meet(votes: list[Vote], weight: int) -> None:
    with closing(connection.copy()) as rival:
        rival.set_autocommit(False)
        with disabled(), rival.cursor() as cursor:
            cursor.execute("UPDATE testapp_vote SET weight = 60 WHERE id = %s", [votes[1].pk])
        assert Vote.objects.filter(weight=weight).update(weight=F("weight") + 1) == 1 - weight
    assert [entry.changes for entry in entries()] == [{"weight": [0, 1]}][weight:]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("number", [5, 50])
def test_an_update_of_nearly_all_rows_does_not_wait_for_the_others(number: int) -> None:
    with disabled():
        Vote.objects.bulk_create(Vote(weight=0) for _ in range(number))
        other = Vote.objects.create(weight=50)
    with closing(connection.copy()) as rival:
        rival.set_autocommit(False)
        with disabled(), rival.cursor() as cursor:
            cursor.execute("UPDATE testapp_vote SET weight = 60 WHERE id = %s", [other.pk])
        assert Vote.objects.filter(weight=0).update(weight=F("weight") + 1) == number
    assert [entry.changes for entry in entries()] == [{"weight": [0, 1]}] * number


@pytest.mark.skipif(connection.vendor != "postgresql", reason="elsewhere the reference waits, too")
def test_a_relation_does_not_wait_for_those_who_write_its_owner() -> None:
    with disabled():
        person, friend = (Person.objects.create(name=name) for name in ("Ann", "Ben"))
    with closing(connection.copy()) as rival:
        rival.set_autocommit(False)
        with disabled(), rival.cursor() as cursor:
            cursor.execute("UPDATE testapp_person SET name = 'Eve' WHERE id = %s", [person.pk])
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '3s'")
            person.follows.add(friend)
    assert [entry.changes for entry in entries()] == [{"follows": {"added": [friend.pk], "removed": []}}]


ONCE = """
CREATE TABLE testapp_calls (note text);
CREATE FUNCTION testapp_called() RETURNS trigger LANGUAGE plpgsql AS $called$
BEGIN
    INSERT INTO testapp_calls VALUES (NEW.weight::text);
    RETURN CASE WHEN NEW.weight = 13 THEN NULL ELSE NEW END;
END $called$;
CREATE TRIGGER called BEFORE UPDATE ON testapp_vote FOR EACH ROW EXECUTE FUNCTION testapp_called();
"""


@pytest.mark.skipif(connection.vendor != "postgresql", reason="elsewhere the row is always read before")
def test_a_trigger_that_lets_nothing_through_is_called_once(votes: list[Vote]) -> None:
    connection.close()  # what is known of its tables goes along
    with connection.cursor() as cursor:
        cursor.execute(ONCE)
    try:
        assert Vote.objects.filter(pk=votes[0].pk).update(weight=13) == 0
        assert Vote.objects.filter(pk=votes[1].pk).update(weight=14) == 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT note FROM testapp_calls")
            assert cursor.fetchall() == [("13",), ("14",)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION testapp_called CASCADE; DROP TABLE testapp_calls")
    assert [entry.changes for entry in entries()] == [{"weight": [50, 14]}]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only there one statement does both")
def test_a_row_is_saved_by_somebody_who_may_not_read_all_of_it(votes: list[Vote]) -> None:
    def run(sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    run("ALTER TABLE testapp_vote ADD COLUMN hidden text")
    run("CREATE ROLE testapp_clerk; GRANT ALL ON ALL TABLES IN SCHEMA public TO testapp_clerk")
    run("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO testapp_clerk")
    run("REVOKE ALL ON testapp_vote FROM testapp_clerk")
    run("GRANT SELECT (id, article_id, weight), UPDATE (article_id, weight) ON testapp_vote TO testapp_clerk")
    try:
        run("SET ROLE testapp_clerk")
        votes[0].weight = 9
        votes[0].save()
    finally:
        run("RESET ROLE; DROP OWNED BY testapp_clerk; DROP ROLE testapp_clerk")
        run("ALTER TABLE testapp_vote DROP COLUMN hidden")
    assert [entry.changes for entry in entries()] == [{"weight": [0, 9]}]


def test_a_row_that_is_inserted_while_an_update_runs_is_not_changed_untold(votes: list[Vote]) -> None:
    write = "INSERT INTO testapp_vote (weight) VALUES (3)"
    with in_front_of("UPDATE", lambda: elsewhere(write)):
        Vote.objects.filter(weight__lt=10).update(weight=F("weight") + 1)
    new = Vote.objects.latest("pk")
    told = {entry.object_id: entry.changes["weight"] for entry in entries()}
    assert told.pop(str(votes[0].pk)) == [0, 1]
    assert (new.weight, told) in [(3, {}), (4, {str(new.pk): [3, 4]})]


def test_a_row_that_others_insert_while_an_upsert_runs_is_not_told_as_created() -> None:
    target = ["name"] if connection.features.supports_update_conflicts_with_target else None
    with in_front_of("INSERT", lambda: elsewhere("INSERT INTO testapp_tag (name) VALUES ('theirs')")):
        tags = [Tag(name="theirs"), Tag(name="ours")]
        Tag.objects.bulk_create(tags, update_conflicts=True, update_fields=["name"], unique_fields=target)
    created = [entry.changes["name"][1] for entry in entries(action="create")]
    assert created == ["ours"]


@pytest.mark.parametrize("status", ["gone", "here"], ids=["comes to match", "does not match any more"])
def test_a_deletion_by_another_table_tells_of_the_rows_that_went(votes: list[Vote], status: str) -> None:
    with disabled():
        other = "here" if status == "gone" else "gone"
        articles = [make(Article, title=title, status=was) for title, was in (("a", "gone"), ("b", other))]
        for vote, article in zip(votes, articles, strict=True):
            Vote.objects.filter(pk=vote.pk).update(article=article)
    write = "UPDATE testapp_article SET status = %s WHERE id = %s"
    with in_front_of("DELETE", lambda: elsewhere(write, status, articles[1].pk)):
        Vote.objects.filter(article__status="gone").delete()
    left = set(Vote.objects.values_list("pk", flat=True))
    told = {int(entry.object_id) for entry in entries(action="delete")}
    assert votes[0].pk in told
    assert sorted([*left, *told]) == [vote.pk for vote in votes]


if django.VERSION >= (6, 1):

    def test_what_goes_with_rows_that_come_to_match_a_deletion_does_not_go_untold() -> None:
        with disabled():
            shops = [Shop.objects.create(name=name) for name in ("gone", "here")]
            shelves = [Shelfful.objects.create(shop=shop, name="f") for shop in shops]
        write = "UPDATE testapp_shop SET name = 'gone' WHERE id = %s"
        with in_front_of("DELETE", lambda: elsewhere(write, shops[1].pk)):
            Shop.objects.filter(name="gone").delete()
        told = [(entry.model, entry.object_id) for entry in entries(action="delete")]
        assert sorted(told) == [
            ("testapp.Shelfful", str(shelves[0].pk)),
            ("testapp.Shop", str(shops[0].pk)),
        ]
        assert Shelfful.objects.get() == shelves[1]

    def test_nothing_goes_untold_where_a_row_comes_to_be_while_it_is_deleted() -> None:
        def come() -> None:
            elsewhere("INSERT INTO testapp_shop (id, name) VALUES (4711, 's')")
            elsewhere("INSERT INTO testapp_shelfful (shop_id, name) VALUES (4711, 'f')")

        with in_front_of("DELETE", come):
            assert Shop.objects.filter(pk=4711).delete() == (0, {})
        assert entries() == []
        assert Shelfful.objects.get().shop == Shop.objects.get()

    def test_nobody_refers_any_more_to_a_row_that_is_about_to_be_deleted() -> None:
        with disabled():
            shop = Shop.objects.create(name="s")
        refused: list[Any] = []

        def insert() -> None:
            try:
                elsewhere("INSERT INTO testapp_shelfful (shop_id, name) VALUES (%s, 'f')", shop.pk)
            except IntegrityError as error:
                refused.append(error)

        with ThreadPoolExecutor(1) as pool:

            def begin() -> None:
                pool.submit(insert)
                wait_until_they_wait(1)

            with in_front_of("DELETE", begin):
                Shop.objects.filter(name="s").delete()
        assert len(refused) == 1
        assert [entry.model for entry in entries()] == ["testapp.Shop"]
        assert not Shelfful.objects.exists()


@pytest.fixture
def repeatable() -> Iterator[None]:
    """Have this connection see one state of the tables for the whole of a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"
            if connection.vendor == "mysql"
            else "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ"
        )
    yield
    connection.close()


@pytest.mark.skipif(connection.vendor != "mysql", reason="elsewhere it is refused")
def test_an_update_that_changes_nothing_is_not_told_because_the_transaction_sees_an_older_row(
    repeatable: None,
) -> None:
    with disabled():
        parent = Parent.objects.create(name="old")
    with transaction.atomic():
        assert [str(found.name) for found in Parent.objects.all()] == ["old"]
        elsewhere("UPDATE testapp_parent SET name = 'new' WHERE id = %s", parent.pk)
        Parent.objects.filter(pk=parent.pk).update(name="new")
    assert entries() == []


@pytest.mark.skipif(connection.vendor != "mysql", reason="elsewhere it is refused")
@pytest.mark.parametrize(
    "level",
    [
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "\n set transaction isolation level repeatable read",
    ],
    ids=["of the session", "of this transaction alone"],
)
def test_an_update_meets_what_others_wrote_since_the_transaction_began_to_see_an_older_state(
    votes: list[Vote], level: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(level)
    try:
        with transaction.atomic():
            assert Vote.objects.filter(weight__lt=10).count() == 1
            elsewhere("UPDATE testapp_vote SET weight = 5 WHERE id = %s", votes[1].pk)
            assert Vote.objects.filter(weight__lt=10).update(weight=F("weight") + 1) == 2
    finally:
        connection.close()
    assert [entry.changes for entry in entries()] == [{"weight": [0, 1]}, {"weight": [5, 6]}]


@pytest.mark.skipif(connection.vendor != "mysql", reason="elsewhere a write settles it, too")
def test_what_a_transaction_sees_is_not_settled_before_its_first_read(
    repeatable: None, votes: list[Vote]
) -> None:
    with disabled():
        Tag.objects.create(name="old")
    with transaction.atomic():
        with in_front_of("UPDATE", lambda: elsewhere("UPDATE testapp_tag SET name = 'new'")):
            assert Vote.objects.filter(weight__lt=1).update(weight=F("weight") + 1) == 1
        assert Tag.objects.get().name == "new"


@contextmanager
def changed_table(change: Sequence[str], back: Sequence[str]) -> Iterator[None]:
    """Have a table changed for a while, for sessions that begin then."""
    _run(change)
    try:
        yield
    finally:
        _run(back)


def _run(statements: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


@pytest.mark.skipif(connection.vendor != "mysql", reason="elsewhere no UPDATE locks rows for another")
def test_a_trigger_is_called_once_for_a_row_that_meets_a_condition(votes: list[Vote]) -> None:
    trigger = "CREATE TRIGGER called BEFORE UPDATE ON testapp_vote FOR EACH ROW "
    change = "CREATE TABLE testapp_calls (id bigint)", f"{trigger} INSERT INTO testapp_calls VALUES (NEW.id)"
    with changed_table(change, ["DROP TRIGGER called", "DROP TABLE testapp_calls"]):
        assert Vote.objects.filter(weight__lt=10).update(weight=3) == 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM testapp_calls")
            assert cursor.fetchall() == ((votes[0].pk,),)
    assert [entry.changes for entry in entries()] == [{"weight": [0, 3]}]


@pytest.mark.skipif(connection.vendor != "mysql", reason="no other database keeps versions")
def test_a_versioned_table_keeps_what_an_update_changed_alone(votes: list[Vote]) -> None:
    table = "ALTER TABLE testapp_vote"
    with changed_table([f"{table} ADD SYSTEM VERSIONING"], [f"{table} DROP SYSTEM VERSIONING"]):
        assert Vote.objects.filter(weight__lt=10).update(weight=3) == 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT weight FROM testapp_vote FOR SYSTEM_TIME ALL ORDER BY weight")
            assert cursor.fetchall() == ((0,), (3,), (50,))


@pytest.mark.skipif(connection.vendor != "mysql", reason="PostgreSQL keeps it without the app, too")
def test_a_row_that_stopped_matching_while_an_update_waited_for_it_is_left_to_others() -> None:
    with disabled():
        parents = [Parent.objects.create(name=str(number)) for number in range(100)]
        child = Child.objects.create(name="c", parent=parents[0])
        Parent.objects.filter(pk=parents[0].pk).update(favourite=child)

    def forget() -> int:
        with transaction.atomic():
            count = Parent.objects.filter(favourite=child).update(favourite=None)
            elsewhere("SELECT id FROM testapp_parent WHERE id = %s FOR UPDATE NOWAIT", parents[0].pk)
        connection.close()
        return count

    with closing(connection.copy()) as rival, ThreadPoolExecutor(1) as pool:
        rival.set_autocommit(False)
        with disabled(), rival.cursor() as cursor:
            cursor.execute("UPDATE testapp_parent SET favourite_id = NULL WHERE id = %s", [parents[0].pk])
        forgetting = pool.submit(forget)
        wait_until_they_wait(1)
        rival.commit()
        assert forgetting.result(timeout=30) == 0
    assert entries() == []


@pytest.mark.skipif(connection.vendor != "mysql", reason="elsewhere rows are read and locked at once")
def test_a_row_that_comes_to_match_behind_the_lock_is_changed_and_told(votes: list[Vote]) -> None:
    write = "UPDATE testapp_vote SET weight = 5 WHERE id = %s"
    take = "SELECT id FROM testapp_vote WHERE id = %s FOR UPDATE NOWAIT"

    def be_refused() -> None:
        with pytest.raises(OperationalError):
            elsewhere(take, votes[1].pk)

    changing = "UPDATE `testapp_vote` SET `weight` = ("
    with (
        in_front_of("SELECT `testapp_vote`", lambda: elsewhere(write, votes[1].pk)),
        in_front_of(changing, be_refused),
    ):
        assert Vote.objects.filter(weight__lt=10).update(weight=F("weight") + 1) == 2
    assert [entry.changes["weight"] for entry in entries()] == [[0, 1], [5, 6]]
