"""Rows for the tests, made directly: entries that nobody captured, users that nobody registered."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.utils import timezone

from signals_audit.models import AuditEntry, ChangeSet, Delivery

_numbers = itertools.count(1)


class ChangeSetFactory(factory.django.DjangoModelFactory[ChangeSet]):
    class Meta:
        model = ChangeSet

    id = factory.LazyFunction(lambda: uuid.UUID(int=next(_numbers)))
    actor_kind = "user"
    actor_id = "1"
    actor_repr = "ada"
    remote_addr = "192.0.2.7"
    correlation_id = factory.LazyAttribute(lambda change_set: f"request-{change_set.id.int}")
    path = "/posts/"
    created_at = factory.LazyFunction(timezone.now)


class AuditEntryFactory(factory.django.DjangoModelFactory[AuditEntry]):
    class Meta:
        model = AuditEntry

    change_set = factory.SubFactory(ChangeSetFactory)
    seq = 1
    actor_id = factory.SelfAttribute("change_set.actor_id")
    action = "update"
    model = "testapp.Author"
    using = "default"
    object_id = "1"
    object_repr = "Ada"
    changes = factory.LazyFunction(lambda: {"name": ["Ada", "Ada Lovelace"]})
    source = "save"
    created_at = factory.SelfAttribute("change_set.created_at")


class DeliveryFactory(factory.django.DjangoModelFactory[Any]):
    class Meta:
        model = Delivery

    key = factory.Sequence(lambda number: f"key{number}")
    kind = "hook"
    name = "blog.audit.tell"
    body = factory.LazyFunction(lambda: {"model": "testapp.Author"})
    created_at = factory.LazyFunction(timezone.now)
    due_at = factory.SelfAttribute("created_at")


class UserFactory(factory.django.DjangoModelFactory[Any]):
    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"user{number}")

    @factory.post_generation
    def permissions(self: Any, create: bool, names: list[str] | None, **kwargs: Any) -> None:
        """Give permissions by name: `UserFactory(permissions=["testapp.view_author"])`."""
        for name in names or ():
            app_label, codename = name.split(".")
            self.user_permissions.add(
                Permission.objects.get(content_type__app_label=app_label, codename=codename)
            )
