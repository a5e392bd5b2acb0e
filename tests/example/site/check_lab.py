"""The lab: what its buttons do, and that the signal map finds what is wrong with it by itself."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from example_project.factories import AuditorFactory
from example_project.lab.experiments import EXPERIMENTS, HEAT
from example_project.lab.models import Reply, Sample, Shipment, Topic
from signals_audit.models import ReceiverStatistics
from signals_audit.receiver_statistics import flush

MAP = reverse("admin:signals_audit_receiverstatistics_changelist")
BENCH = reverse("lab:bench")
HERE = "example_project.lab.signals"


@pytest.fixture
def lab(ben, sign_in):
    """Press a button of the lab; return what the page says."""
    flush()
    ReceiverStatistics.objects.all().delete()
    client = sign_in(ben)

    def press(name):
        response = client.post(reverse("lab:perform", args=(name,)), follow=True)
        assert response.redirect_chain == [(BENCH, 302)]
        return [str(message) for message in response.context["messages"]]

    return press


@pytest.fixture
def found(sign_in):
    """Ask the signal map; return the receivers on a tab, by their names."""
    auditor = sign_in(AuditorFactory())

    def ask(tab):
        assert flush()
        response = auditor.get(MAP, {"tab": tab})
        return {one.figures.totals.receiver: one for one in response.context["found"]}

    return ask


def test_the_lab_is_for_people_who_are_logged_in(client, ben, sign_in):
    assert client.get(BENCH).status_code == 302
    shown = sign_in(ben).get(BENCH).content.decode()
    assert shown.count('<form method="post" action="/lab/') == len(EXPERIMENTS) == 3
    assert MAP not in shown
    assert MAP in sign_in(AuditorFactory()).get(BENCH).content.decode()


def test_buttons_are_pressed_and_not_followed(ben, sign_in):
    assert sign_in(ben).get(reverse("lab:perform", args=("slow",))).status_code == 405
    assert sign_in(ben).post(reverse("lab:perform", args=("other",))).status_code == 404
    strict = sign_in(ben, enforce_csrf_checks=True)
    assert strict.post(reverse("lab:perform", args=("slow",))).status_code == 403
    assert Client().post(reverse("lab:perform", args=("slow",))).status_code == 302
    assert not Sample.objects.exists()


def test_the_slow_receiver_is_found(lab, found):
    lab("slow")
    assert Sample.objects.get().grams == 107
    slowest = next(iter(found("slowest").values()))
    assert (slowest.figures.totals.receiver, slowest.figures.totals.slow) == (f"{HERE}.weigh", 1)
    assert [line.sender for line in slowest.lines] == ["lab.Sample"]


def test_the_failing_receiver_is_found_and_the_other_shipments_are_saved(lab, found):
    assert lab("failing") == ["4 shipments were saved, 2 were not: a receiver raised."]
    assert list(Shipment.objects.order_by("id").values_list("number", flat=True)) == [1, 2, 4, 5]
    failing = found("failing")
    assert list(failing) == [f"{HERE}.print_label"]
    totals = failing[f"{HERE}.print_label"].figures.totals
    assert (totals.calls, totals.errors) == (6, 2)
    assert "The label printer ran out of paper at shipment #6." in totals.last_error
    assert "in print_label" in totals.last_traceback


def test_the_loop_is_found_and_ends_by_itself(lab, found):
    lab("loop")
    assert (Reply.objects.get().heat, Topic.objects.get().heat) == (1, 0)
    loops = found("loops")
    assert sorted(loops) == [f"{HERE}.warm_replies", f"{HERE}.warm_topic"]
    reply, topic = (
        f"post_save of {one._meta.label} {one.pk}" for one in (Reply.objects.get(), Topic.objects.get())
    )
    assert loops[f"{HERE}.warm_replies"].figures.last_loop == [
        reply,
        f"{HERE}.warm_topic",
        topic,
        f"{HERE}.warm_replies",
        reply,
    ]
    assert loops[f"{HERE}.warm_topic"].cycle.is_closed
    assert HEAT > 2**8


def test_nothing_of_the_lab_is_audited(lab, recorded):
    recorded.start()
    for name in EXPERIMENTS:
        lab(name)
    assert recorded.entries() == []


def test_a_fixture_is_loaded_without_any_of_it(lab, found, tmp_path):
    rows = '{"model": "lab.sample", "pk": 1, "fields": {"name": "x", "grams": 5}}, '
    rows += '{"model": "lab.shipment", "pk": 3, "fields": {"number": 3}}, '
    rows += '{"model": "lab.topic", "pk": 1, "fields": {"title": "x", "heat": 4}}, '
    rows += '{"model": "lab.reply", "pk": 1, "fields": {"topic": 1, "heat": 9}}'
    (tmp_path / "lab.json").write_text(f"[{rows}]")
    call_command("loaddata", str(tmp_path / "lab.json"), verbosity=0)
    assert (Sample.objects.get().grams, Reply.objects.get().heat) == (5, 9)
    assert (found("failing"), found("loops")) == ({}, {})
