from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from PIL import Image

from example_project.billing.models import BillingProfile
from example_project.billing.pictures import DEFAULT_PICTURE
from example_project.factories import PASSWORD, UserFactory
from signals_audit import audit_context, disabled

REGISTRATION = {
    "first_name": "Ada",
    "last_name": "Byron",
    "username": "ada",
    "email": "ada@example.com",
    "password1": PASSWORD,
    "password2": PASSWORD,
}


def picture(name="me.png", size=(8, 8)):
    buffer = io.BytesIO()
    Image.new("RGB", size, "navy").save(buffer, "PNG")
    return SimpleUploadedFile(name, buffer.getvalue(), content_type="image/png")


def profile_form(user, **changed):
    return {name: getattr(user, name) for name in ("first_name", "last_name", "username", "email")} | changed


def make_user_without_profile():
    with disabled():
        user = UserFactory(username="old")
    BillingProfile.objects.filter(user=user).delete()
    return user


def test_the_registration_form_is_empty_at_first(client):
    response = client.get(reverse("accounts:register"))
    assert response.status_code == 200
    assert not response.context["form"].is_bound


def test_registering_makes_the_account_and_its_profile_as_its_consequence(client, recorded):
    response = client.post(reverse("accounts:register"), REGISTRATION)
    assert response.status_code == 302
    user = User.objects.get(username="ada")
    assert user.check_password(PASSWORD)
    assert BillingProfile.objects.get().user == user
    account, profile = recorded.entries()
    assert (account.model, profile.model) == ("auth.User", "billing.BillingProfile")
    assert (profile.caused_by_change_set, profile.caused_by_seq) == (account.change_set_id, account.seq)
    assert account.change_set.actor_kind == "anonymous"
    assert account.change_set.path == reverse("accounts:register")


def test_passwords_and_addresses_do_not_reach_the_log(client, recorded):
    client.post(reverse("accounts:register"), REGISTRATION)
    account = recorded.entries()[0]
    assert account.changes["password"] == [None, {"masked": True}]
    assert account.changes["email"] == [None, {"masked": True}]


def test_a_refused_registration_writes_nothing(client, recorded):
    response = client.post(reverse("accounts:register"), REGISTRATION | {"password2": "other"})
    assert response.status_code == 200
    assert (User.objects.count(), recorded.entries()) == (0, [])


def test_a_log_in_is_not_recorded_as_a_change(client, ada, recorded):
    recorded.start()
    assert (
        client.post(reverse("accounts:login"), {"username": "ada", "password": PASSWORD}).status_code == 302
    )
    assert recorded.entries() == []


def test_a_user_who_is_older_than_billing_can_log_in_and_gets_a_profile_when_needed(client):
    old = make_user_without_profile()
    client.post(reverse("accounts:login"), {"username": "old", "password": PASSWORD})
    assert not BillingProfile.objects.exists()
    assert client.get(reverse("accounts:profile")).status_code == 200
    assert BillingProfile.objects.get().user == old


def test_a_fixture_brings_its_own_profiles(tmp_path):
    fixture = tmp_path / "users.json"
    fixture.write_text('[{"model": "auth.user", "pk": 7, "fields": {"username": "loaded", "password": "!"}}]')
    call_command("loaddata", str(fixture), verbosity=0)
    assert User.objects.filter(username="loaded").exists()
    assert not BillingProfile.objects.exists()


def test_both_forms_of_the_profile_page_are_one_change_set(ada, sign_in, recorded):
    recorded.start()
    form = profile_form(ada, first_name="Augusta", user_image=picture())
    assert sign_in(ada).post(reverse("accounts:profile"), form).status_code == 302
    assert recorded.facts() == [
        ("auth.User", "update", ["first_name"]),
        ("billing.BillingProfile", "update", ["user_image"]),
    ]
    assert len({entry.change_set_id for entry in recorded.entries()}) == 1


def test_a_profile_saved_as_it_was_is_not_recorded(ada, sign_in, recorded):
    recorded.start()
    assert sign_in(ada).post(reverse("accounts:profile"), profile_form(ada)).status_code == 302
    assert recorded.entries() == []


@pytest.mark.parametrize("broken", [b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n", b""])
def test_what_is_no_picture_is_refused(ada, sign_in, recorded, broken):
    recorded.start()
    form = profile_form(ada, first_name="Augusta", user_image=SimpleUploadedFile("me.png", broken))
    response = sign_in(ada).post(reverse("accounts:profile"), form)
    assert response.status_code == 200
    assert "user_image" in response.context["profile_form"].errors
    assert recorded.entries() == []


def test_a_refused_name_is_not_shown_as_ones_own(ada, ben, sign_in):
    response = sign_in(ada).post(reverse("accounts:profile"), profile_form(ada, username="ben"))
    assert response.status_code == 200
    assert response.context["user"].username == "ada"


def test_the_default_picture_is_drawn_when_it_is_needed(ada, sign_in, tmp_path):
    page = sign_in(ada).get(reverse("accounts:profile"))
    assert f"/media/{DEFAULT_PICTURE}" in page.content.decode()
    assert Image.open(tmp_path / DEFAULT_PICTURE).size == (256, 256)


def test_a_picture_whose_file_is_gone_is_shown_as_the_default_and_can_be_replaced(ada, sign_in):
    browser, address = sign_in(ada), reverse("accounts:profile")
    browser.post(address, profile_form(ada, user_image=picture()))
    Path(BillingProfile.objects.get().user_image.path).unlink()
    page = browser.get(address)
    assert f"/media/{DEFAULT_PICTURE}" in page.content.decode()
    assert browser.post(address, profile_form(ada, user_image=picture())).status_code == 302
    assert Path(BillingProfile.objects.get().user_image.path).exists()


def test_the_picture_goes_with_a_deleted_account_and_the_default_stays(ada, ben, sign_in):
    for user in (ada, ben):
        sign_in(user).get(reverse("accounts:profile"))
    sign_in(ada).post(reverse("accounts:profile"), profile_form(ada, user_image=picture()))
    own = BillingProfile.objects.get(user=ada).user_image
    default = BillingProfile.objects.get(user=ben).user_image
    ada.delete()
    ben.delete()
    assert (Path(own.path).exists(), Path(default.path).exists()) == (False, True)


def test_the_picture_stays_when_the_deletion_is_rolled_back(ada, sign_in):
    sign_in(ada).post(reverse("accounts:profile"), profile_form(ada, user_image=picture()))
    with transaction.atomic():
        User.objects.get(pk=ada.pk).delete()
        transaction.set_rollback(True)
    assert Path(BillingProfile.objects.get().user_image.path).exists()


def test_an_address_changed_by_somebody_else_is_told_to_its_owner(ada, ben, sign_in, inbox_of):
    with audit_context(actor=ben):
        ada.email = "other@example.com"
        ada.save()
    assert inbox_of(ada) == [("ben", "changed your e-mail address", "ada", {})]
    sign_in(ada).post(reverse("accounts:profile"), profile_form(ada, email="mine@example.com"))
    assert len(inbox_of(ada)) == 1


def test_logging_out_is_a_post(ada, sign_in):
    browser = sign_in(ada)
    assert browser.get(reverse("accounts:logout")).status_code == 405
    assert browser.post(reverse("accounts:logout")).status_code == 302
    assert "_auth_user_id" not in browser.session


def test_the_profile_page_asks_for_a_log_in(client):
    address = reverse("accounts:profile")
    assert client.get(address)["Location"] == f"{reverse('accounts:login')}?next={address}"


def test_forms_without_a_token_are_refused():
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(reverse("accounts:register"), REGISTRATION).status_code == 403
    assert not User.objects.exists()
