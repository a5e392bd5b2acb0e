from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.db import models
from django.test.utils import isolate_apps, override_settings

from signals_audit.masking import is_secret_name, mask, secret_fields
from signals_audit.values import MASKED, UNKNOWN_MARK


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "Password",
        "password2",
        "old_passwords",
        "user-password",
        "passwordHash",
        "hashedpassword",
        "db_passwd",
        "passphrase",
        "pwd",
        "secret",
        "secrets",
        "client_secret",
        "clientsecret",
        "SECRET_KEY",
        "token",
        "reset_token",
        "resetToken",
        "tokens",
        "authtoken",
        "csrf_token",
        "api_key",
        "apiKey",
        "APIKey",
        "apikey",
        "stripe_api_key_live",
        "private_key",
        "privateKeyPem",
        "credentials",
        "aws_credential",
        "pin",
        "card_pin",
        "pins",
        "pin2",
        "otp",
        "otp_code",
        "totp_seed",
        "cvv",
        "jwt",
        "security_answer",
        "recovery_codes",
        "session_key",
    ],
)
def test_names_of_secrets_are_recognised(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "title",
        "shipping",
        "spinner",
        "opinion",
        "pinned",
        "mapping",
        "tokenized_count",
        "tokenizer",
        "secretary",
        "key",
        "foreign_key",
        "public_key_id",
        "keyboard",
        "compass",
        "answer",
        "security_level",
        "code",
        "desktop",
        "naïve",
        "日本",
    ],
)
def test_names_that_only_resemble_them_are_not(name: str) -> None:
    assert not is_secret_name(name)


@override_settings(SIGNALS_AUDIT={"MASK": ["iban", "tax_id", "healthRecord", "", "größe"]})
def test_the_setting_adds_parts_to_the_defaults() -> None:
    secret = [
        "iban",
        "user_iban",
        "ibans",
        "tax_id",
        "taxId",
        "old_tax_ids",
        "health_record",
        "größe",
        "token",
    ]
    harmless = ["ibanez", "tax", "id", "tax_office_id", "health", "title", "s"]
    assert [name for name in (*secret, *harmless) if is_secret_name(name)] == secret


def test_the_option_is_added_to_what_looks_secret() -> None:
    assert secret_fields(User, mask=["email"]) == {"email", "password"}
    assert secret_fields(User, mask=None) == {"password"}
    assert secret_fields(User, mask=["e-mail"]) == {"password"}
    assert secret_fields(Permission, mask=["content_type_id"]) == {"content_type"}
    assert secret_fields(Session, mask=()) == {"session_key", "session_data"}


@isolate_apps("tests")
def test_a_field_that_cannot_hold_a_secret_is_not_masked() -> None:
    class Account(models.Model):
        has_password = models.BooleanField()
        password_changed_at = models.DateTimeField()
        token_expires_on = models.DateField()
        token_lifetime = models.DurationField()
        max_tokens = models.IntegerField()
        token_price = models.DecimalField()
        secret_count = models.PositiveIntegerField()
        pin = models.IntegerField()
        otp_code = models.PositiveSmallIntegerField()
        token = models.UUIDField()
        secrets = models.JSONField()
        key_file = models.FileField()
        key = models.TextField()
        iban_number = models.BigIntegerField()

        class Meta:
            app_label = "tests"

    secret = {"pin", "otp_code", "token", "secrets"}
    assert secret_fields(Account, mask=()) == secret
    with override_settings(SIGNALS_AUDIT={"MASK": ["iban"]}):
        assert secret_fields(Account, mask=["key"]) == {*secret, "iban_number", "key"}


@isolate_apps("tests")
def test_relations_are_masked_by_name_and_option_too() -> None:
    class Token(models.Model):
        key = models.CharField(primary_key=True, max_length=40)
        name = models.CharField(max_length=40)

        class Meta:
            app_label = "tests"

    class Device(models.Model):
        token = models.ForeignKey(Token, models.CASCADE)
        tokens = models.ManyToManyField(Token, related_name="+")
        friends = models.ManyToManyField("self")

        class Meta:
            app_label = "tests"

    assert secret_fields(Token, mask=()) == {"key"}
    assert secret_fields(Device, mask=["friends"]) == {"token", "tokens", "friends"}


@isolate_apps("tests")
def test_classes_that_encrypt_or_hold_passwords_are_masked() -> None:
    class EncryptedTextField(models.TextField):
        pass

    class PasswordField(models.CharField):
        pass

    class Person(AbstractBaseUser):
        diagnosis = EncryptedTextField()
        door = PasswordField(max_length=9)

        class Meta:
            app_label = "tests"

    assert secret_fields(Person, mask=()) == {"password", "diagnosis", "door"}


def test_both_sides_of_a_change_are_masked() -> None:
    changes: dict[str, Any] = {
        "title": ["old", "new"],
        "password": ["old", {"text": "AA=="}],
        "token": [None, "new"],
        "pin": [UNKNOWN_MARK, 1],
        "keys": {"added": [1, {"uuid": "x"}], "removed": []},
        "tags": {"added": [1], "removed": [2]},
    }
    assert mask(changes, {"password", "token", "pin", "keys", "absent"}) == {
        "title": ["old", "new"],
        "password": [MASKED, MASKED],
        "token": [None, MASKED],
        "pin": [UNKNOWN_MARK, MASKED],
        "keys": {"added": [MASKED, MASKED], "removed": []},
        "tags": {"added": [1], "removed": [2]},
    }
    assert changes["password"] == ["old", {"text": "AA=="}]


def test_changes_without_secrets_are_not_copied() -> None:
    changes = {"title": ["old", "new"]}
    assert mask(changes, {"password"}) is changes
    assert mask(changes, ()) is changes
