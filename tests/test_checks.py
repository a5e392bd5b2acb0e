from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core.checks import CheckMessage, Error, Warning, run_checks
from django.db import models
from django.test.utils import isolate_apps
from django.utils.translation import gettext_lazy

from signals_audit import ChangeEvent, auto_create, notify_on, on_change, on_create, on_m2m_change, register
from signals_audit.checks.blindspots import open_secrets
from signals_audit.checks.messages import TAG
from signals_audit.hooks import hooks
from signals_audit.middleware import AuditMiddleware
from signals_audit.registry import ModelOptions, registry
from tests.testapp.models import Article, Comment, Person, Profile

OURS = "signals_audit.middleware.AuditMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
USER_FIELDS = (
    "date_joined, email, first_name, groups, id, is_active, is_staff, is_superuser, last_login, last_name, "
    "password, user_permissions, username"
)

Check = Callable[..., list[CheckMessage]]


class OwnAuditMiddleware(AuditMiddleware):
    """A project's own one."""


class OwnAuthenticationMiddleware(AuthenticationMiddleware):
    """A project's own one."""


class KeepAway:
    """A router that keeps the log's tables from a database."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return not (db == "other" and app_label == "signals_audit")


@pytest.fixture(autouse=True)
def _isolated(unnoticed: None) -> Iterator[None]:
    declared, registered = hooks.snapshot(), registry.snapshot()
    yield
    hooks.restore(declared)
    registry.restore(registered)


@pytest.fixture
def check(settings: Any) -> Check:
    """Run the checks on settings."""

    def run(value: Any, **others: Any) -> list[CheckMessage]:
        for name, other in others.items():
            setattr(settings, name, other)
        settings.SIGNALS_AUDIT = value
        return in_order(run_checks(tags=[TAG]))

    return run


def in_order(messages: list[CheckMessage]) -> list[CheckMessage]:
    """Return messages by id and text: Django runs checks in any order."""
    return sorted(messages, key=lambda message: (str(message.id), message.msg))


def error(number: int, message: str, hint: str | None = None) -> Error:
    return Error(message, hint=hint, id=f"signals_audit.E{number:03}")


def warning(number: int, message: str, hint: str) -> Warning:
    return Warning(message, hint=hint, id=f"signals_audit.W{number:03}")


def test_the_tests_own_settings_are_right() -> None:
    assert run_checks(tags=[TAG]) == []


def test_every_option_in_order_is_no_reason_to_complain(check: Check) -> None:
    assert (
        check(
            {
                "ENABLED": True,
                "MODELS": {
                    "*": None,
                    "testapp.*": {"exclude": ["views"]},
                    "auth.user": {
                        "fields": ("email", "username"),
                        "exclude": ["groups"],
                        "mask": {"email"},
                        "m2m": ["user_permissions"],
                        "before": "memory",
                        "previously": ["auth.Person"],
                    },
                    "testapp.Restaurant": {"fields": ["name", "stars"], "mask": None, "m2m": None},
                },
                "AUTO_CREATE": {
                    "auth.User": {"model": "testapp.Profile", "field": "user", "defaults": {"plan": str}},
                    "testapp.Article": ["testapp.Comment", {"model": "testapp.Review"}],
                },
                "NOTIFY": [
                    {
                        "model": "testapp.Profile",
                        "on": "change",
                        "field": "plan",
                        "recipient": "user.groups.user_set",
                        "verb": gettext_lazy("changed"),
                        "target": "user.profile.user",
                    },
                    {"model": "auth.User", "recipient": "get_full_name", "verb": "x", "field": "groups"},
                    {"model": "testapp.Note", "recipient": "about.author", "verb": "x", "target": None},
                ],
                "MASK": ["iban"],
                "TRUSTED_PROXIES": 1,
                "ON_ERROR": "log",
                "RAW_SQL": "entry",
                "SPOOL": "/var/spool/audit",
            }
        )
        == []
    )


@pytest.mark.parametrize(("value", "shown"), [([1], "[1]"), (None, "None"), ("MODELS", "'MODELS'")])
def test_a_setting_that_is_no_dict(check: Check, value: Any, shown: str) -> None:
    assert check(value) == [
        error(6, f"SIGNALS_AUDIT must be a dict, not {shown}.", 'Write {"MODELS": ["app.Model"]}.')
    ]


def test_keys_that_do_not_exist(check: Check) -> None:
    known = (
        "ENABLED, MODELS, AUTO_CREATE, NOTIFY, MASK, TRUSTED_PROXIES, ON_ERROR, RAW_SQL, SPOOL, "
        "DELIVERY, CHANNELS, TRACING"
    )
    assert check({"MODLES": {}, "trusted_proxy": 1, 7: 7}) == in_order(
        [
            error(1, "SIGNALS_AUDIT has no key 'MODLES'.", "Did you mean 'MODELS'?"),
            error(1, "SIGNALS_AUDIT has no key 'trusted_proxy'.", "Did you mean 'TRUSTED_PROXIES'?"),
            error(1, "SIGNALS_AUDIT has no key 7.", f"Known are: {known}."),
        ]
    )


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("ENABLED", 1, "True or False, not 1"),
        ("MODELS", "auth.User", "a dict of labels and options, or a list of labels, not 'auth.User'"),
        ("AUTO_CREATE", ["auth.User"], "a dict, not ['auth.User']"),
        ("NOTIFY", {}, "a list of dicts, not {}"),
        ("MODELS", [7], "a dict of labels and options, or a list of labels, not [7]"),
        ("MASK", "pin", "a list of names, not 'pin'"),
        ("MASK", ["pin", ""], "a list of names, not ['pin', '']"),
        ("TRUSTED_PROXIES", -1, "a number that is not negative, not -1"),
        ("TRUSTED_PROXIES", True, "a number that is not negative, not True"),
        ("ON_ERROR", "spool", '"block" or "log", not \'spool\''),
        ("ON_ERROR", ["log"], '"block" or "log", not [\'log\']'),
        ("RAW_SQL", None, '"warn", "entry" or "ignore", not None'),
        ("SPOOL", "", "the path of a folder or None, not ''"),
    ],
)
def test_values_of_the_wrong_type(check: Check, key: str, value: Any, message: str) -> None:
    assert check({key: value}) == [error(4, f'SIGNALS_AUDIT["{key}"] must be {message}.')]


def test_options_of_models(check: Check) -> None:
    where = "SIGNALS_AUDIT[\"MODELS\"]['auth.User']"
    assert check(
        {
            "MODELS": {
                "auth.User": {"exlude": [], "before": "exakt", "exclude": "email", "previously": None},
                "auth.Group": ["name"],
                7: {"exclude": [7]},
            }
        }
    ) == in_order(
        [
            error(4, f"{where} has no option 'exlude'.", "Did you mean 'exclude'?"),
            error(4, f'{where}["before"] must be "exact" or "memory", not \'exakt\'.'),
            error(4, f"{where}[\"exclude\"] must be a list of names, not 'email'."),
            error(4, f'{where}["previously"] must be a list of names, not None.'),
            error(4, "SIGNALS_AUDIT[\"MODELS\"]['auth.Group'] must be a dict, not ['name']."),
            error(
                4,
                'SIGNALS_AUDIT["MODELS"] has the key 7, which is no label.',
                'It must be a label like "app.Model".',
            ),
            error(4, 'SIGNALS_AUDIT["MODELS"][7]["exclude"] must be a list of names, not [7].'),
        ]
    )


def test_models_that_are_not_installed(check: Check) -> None:
    register("auth.Usre")
    auto_create("auth.Grup", "testapp.Profil")
    notify_on("testapp.Profil", recipient="user", verb="x")
    on_create("zzz")(print)
    assert check({"MODELS": {"auth.Usr": {}, "testap.*": {}, "nonsense": {}}, "NOTIFY": []}) == in_order(
        [
            error(
                2,
                "SIGNALS_AUDIT[\"MODELS\"] names the model 'auth.Usr', which is not installed.",
                "Did you mean 'auth.User'?",
            ),
            error(
                2,
                "SIGNALS_AUDIT[\"MODELS\"] names the models 'testap.*', "
                "but no app with that label is installed.",
                "Did you mean 'testapp.*'?",
            ),
            error(2, "SIGNALS_AUDIT[\"MODELS\"] names the model 'nonsense', which is not installed."),
            error(
                2,
                "register() names the model 'auth.usre', which is not installed.",
                "Did you mean 'auth.User'?",
            ),
            error(
                2,
                "auto_create() names the model 'auth.Grup', which is not installed.",
                "Did you mean 'auth.Group'?",
            ),
            error(
                2,
                "auto_create() names the model 'testapp.Profil', which is not installed.",
                "Did you mean 'testapp.Profile'?",
            ),
            error(
                2,
                "notify_on() names the model 'testapp.Profil', which is not installed.",
                "Did you mean 'testapp.Profile'?",
            ),
            error(2, "The hook builtins.print names the model 'zzz', which is not installed."),
        ]
    )


def test_a_model_that_is_swapped_out(check: Check) -> None:
    assert check({"MODELS": ["auth.User"]}, AUTH_USER_MODEL="testapp.Person") == [
        error(
            2,
            "SIGNALS_AUDIT[\"MODELS\"] names the model 'auth.User', which is swapped out.",
            "Name 'testapp.Person' instead.",
        )
    ]
    assert check({"MODELS": ["testapp.Person"]}) == []


def test_fields_that_the_model_lacks(check: Check) -> None:
    register(Article, fields=["titel"], m2m=["author"])
    where = 'SIGNALS_AUDIT["MODELS"]'
    assert check(
        {
            "MODELS": {
                "auth.User": {"fields": ["emial", "groups"], "exclude": ["x"], "mask": ["email"]},
                "testapp.*": {"exclude": ["views", "viewz"]},
            }
        }
    ) == in_order(
        [
            error(
                3,
                f"{where}: 'fields' names the field 'emial', which auth.User lacks.",
                "Did you mean 'email'?",
            ),
            error(
                3,
                f"{where}: 'fields' names the field 'groups', which auth.User lacks.",
                f"Known are: {USER_FIELDS.replace('groups, ', '').replace('user_permissions, ', '')}.",
            ),
            error(
                3,
                f"{where}: 'exclude' names the field 'x', which auth.User lacks.",
                f"Known are: {USER_FIELDS}.",
            ),
            error(
                3,
                f"{where}: 'exclude' names the field 'viewz', which testapp.* lacks.",
                "Did you mean 'views'?",
            ),
            error(
                3,
                "register(): 'fields' names the field 'titel', which testapp.Article lacks.",
                "Did you mean 'title'?",
            ),
            error(
                3,
                "register(): 'm2m' names the field 'author', which testapp.Article lacks.",
                "Known are: picks, tags.",
            ),
        ]
    )


def test_fields_that_reactions_name(check: Check) -> None:
    def changed(event: ChangeEvent) -> None:
        """Be a hook."""

    name = f"The hook {__name__}.{changed.__qualname__}"
    on_change(Article, "titel")(changed)
    on_change(Article, "tags")(changed)
    on_m2m_change(Article, "title")(changed)
    notify_on(Profile, on="change", field="pln", recipient="user", verb="x")
    auto_create("auth.User", Profile, field="usr", defaults={"plan": 1, "pln": 2})
    assert check({}) == in_order(
        [
            error(
                3,
                "auto_create(): testapp.Profile has no foreign key 'usr' to auth.User.",
                "Did you mean 'user'?",
            ),
            error(
                3,
                "auto_create(): 'defaults' names the field 'pln', which testapp.Profile lacks.",
                "Did you mean 'plan'?",
            ),
            error(
                3, "notify_on() names the field 'pln', which testapp.Profile lacks.", "Did you mean 'plan'?"
            ),
            error(
                3, f"{name} names the field 'titel', which testapp.Article lacks.", "Did you mean 'title'?"
            ),
            error(
                3,
                f"{name} waits in vain for changes of the field 'tags' of testapp.Article.",
                "Use @on_m2m_change.",
            ),
            error(
                3,
                f"{name} waits in vain for changes of the field 'title' of testapp.Article.",
                "Use @on_change.",
            ),
        ]
    )


def test_rows_to_be_made(check: Check) -> None:
    auto_create(Person, "testapp.Profile")
    where = 'SIGNALS_AUDIT["AUTO_CREATE"]'
    assert check(
        {
            "AUTO_CREATE": {
                "auth.User": 7,
                "auth.Group": {"field": 3, "default": {}},
                "testapp.Ticket": ["testapp.Seat", {"model": "testapp.Product", "defaults": []}],
                "testapp.Person": {"model": "testapp.Person_friends"},
            }
        }
    ) == in_order(
        [
            error(
                5,
                f"{where}: testapp.Seat has no foreign key to testapp.Ticket.",
                "Give it a one-to-one field.",
            ),
            error(
                5,
                f"{where}: testapp.Product has no foreign key to testapp.Ticket.",
                "Give it a one-to-one field.",
            ),
            error(
                5,
                f"{where}: testapp.Person_friends has several foreign keys to testapp.Person: "
                "from_person, to_person.",
                "Name the one that is meant as 'field'.",
            ),
            error(
                5,
                "auto_create(): testapp.Profile has no foreign key to testapp.Person.",
                "Give it a one-to-one field.",
            ),
            error(4, f"{where}['auth.User'] must be a label, a dict, or a list of them, not 7."),
            error(4, f"{where}['auth.Group'][\"field\"] must be the name of a field or None, not 3."),
            error(4, f"{where}['auth.Group'] has no option 'default'.", "Did you mean 'defaults'?"),
            error(4, f"{where}['auth.Group'] lacks \"model\".", 'It must be a label like "app.Model".'),
            error(4, f"{where}['testapp.Ticket'][\"defaults\"] must be a dict, not []."),
        ]
    )


def test_people_to_be_told(check: Check) -> None:
    notify_on(Comment, recipient="article.autor", verb="x", target="artcle")
    where = 'SIGNALS_AUDIT["NOTIFY"]'
    assert check(
        {
            "NOTIFY": [
                "testapp.Profile",
                {"model": "testapp.Profile", "recipient": "user", "colour": "red"},
                {"model": "testapp.Profile", "recipient": "user", "verb": 3, "on": "sunday"},
                {"model": "testapp.Profile", "recipient": "user.groups", "verb": "x"},
            ]
        }
    ) == in_order(
        [
            error(
                5,
                f"{where}: the recipient 'user.groups' leads to auth.Group, not to auth.User.",
            ),
            error(
                5,
                "notify_on(): the recipient 'article.autor' leads nowhere: testapp.Article has no 'autor'.",
                "Did you mean 'author'?",
            ),
            error(
                5,
                "notify_on(): the target 'artcle' leads nowhere: testapp.Comment has no 'artcle'.",
                "Did you mean 'article'?",
            ),
            error(4, f"{where}[0] must be a dict, not 'testapp.Profile'."),
            error(
                4,
                f"{where}[1] has no option 'colour'.",
                "Known are: model, on, field, recipient, verb, target, kind, channels.",
            ),
            error(4, f'{where}[1] lacks "verb".', "It must be a text."),
            error(4, f'{where}[2]["verb"] must be a text, not 3.'),
            error(4, f"{where}[2][\"on\"] must be one of 'create', 'change', 'delete', not 'sunday'."),
        ]
    )


def test_a_hook_that_nobody_would_await(check: Check) -> None:
    @on_create(Article)
    async def tell(event: ChangeEvent) -> None:
        """Be a coroutine."""

    assert check({}) == [
        error(
            7,
            f"The hook {__name__}.{tell.__qualname__} is a coroutine function, which nobody would await.",
            "Write a function, and have it call asgiref's async_to_sync.",
        )
    ]


@pytest.mark.parametrize(
    ("middleware", "numbers"),
    [
        ([AUTHENTICATION, OURS], []),
        ([OURS], []),
        ([f"{__name__}.OwnAuthenticationMiddleware", f"{__name__}.OwnAuditMiddleware"], []),
        (["django.middleware.csrf.CsrfViewMiddleware", AUTHENTICATION], ["signals_audit.W001"]),
        ([AUTHENTICATION, "no.such.thing"], ["signals_audit.W001"]),
        ([OURS, AUTHENTICATION], ["signals_audit.W002"]),
        (
            [f"{__name__}.OwnAuditMiddleware", f"{__name__}.OwnAuthenticationMiddleware"],
            ["signals_audit.W002"],
        ),
    ],
)
def test_the_place_of_the_middleware(check: Check, middleware: list[str], numbers: list[str]) -> None:
    messages = check({"MODELS": ["auth.User"]}, MIDDLEWARE=middleware)
    assert [message.id for message in messages] == numbers


def test_what_is_said_of_the_middleware(check: Check) -> None:
    assert check({"MODELS": ["auth.User"]}, MIDDLEWARE=[]) == [
        warning(
            1,
            f"'{OURS}' is not in MIDDLEWARE: changes made in requests have no actor.",
            f"Add it after '{AUTHENTICATION}'.",
        )
    ]
    assert check({"MODELS": ["auth.User"]}, MIDDLEWARE=[OURS, AUTHENTICATION]) == [
        warning(
            2,
            f"'{OURS}' stands before '{AUTHENTICATION}' in MIDDLEWARE.",
            "Put it after the middleware that says who the user is.",
        )
    ]


@pytest.mark.parametrize("value", [{"MODELS": []}, {"MODELS": ["auth.User"], "ENABLED": False}])
def test_where_nothing_is_audited_the_middleware_is_not_missed(check: Check, value: Any) -> None:
    assert check(value, MIDDLEWARE=[]) == []


@isolate_apps("tests.testapp")
def test_fields_that_may_hold_a_secret() -> None:
    class Account(models.Model):
        iban = models.CharField(max_length=34)
        password_salt = models.TextField()
        random_seed = models.IntegerField()
        salty = models.TextField()
        cookies = models.JSONField()
        token = models.TextField()

        class Meta:
            app_label = "testapp"

    assert open_secrets(Account, ModelOptions()) == ["iban", "cookies"]
    assert open_secrets(Account, ModelOptions(exclude=("iban",))) == ["cookies"]
    assert open_secrets(Account, ModelOptions(fields=("iban",))) == ["iban"]
    assert open_secrets(Account, ModelOptions(mask=("iban",))) == []
    assert open_secrets(Account, None) == []


def test_a_field_that_may_hold_a_secret_is_named(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Article._meta.get_field("body"), "name", "body_ssn")
    assert check({"MODELS": ["testapp.Article"]}) == [
        warning(
            3,
            "The field 'body_ssn' of testapp.Article may hold a secret, and is stored in the clear.",
            "Name it in 'mask' or 'exclude'. If it is no secret, give the model a 'mask' without it.",
        )
    ]
    assert check({"MODELS": {"testapp.Article": {"mask": []}}}) == []


def test_a_database_that_the_log_may_not_be_on(check: Check) -> None:
    assert check({"MODELS": ["auth.Group"]}, DATABASE_ROUTERS=[f"{__name__}.KeepAway"]) == [
        warning(
            5,
            "Rows of auth.Group may be on the database 'other', where routers keep the log's tables from: "
            "changes there are not recorded.",
            "Let allow_migrate() accept 'signals_audit' for that database.",
        )
    ]
