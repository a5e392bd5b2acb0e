"""What the README shows runs: its blocks are executed, in order, in the example project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from signals_audit.shapes import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

PLAY = """
import sys, django
from django.conf import settings
from django.core.management import call_command

blocks = sys.stdin.read().split("\\0")
written = {"INSTALLED_APPS": [], "MIDDLEWARE": []}
exec(blocks[0], written)
django.setup()
from django.test.utils import override_settings
from example_project.blog.models import BlogComment, BlogPost, PostReaction
from example_project.billing.models import BillingProfile
from django.contrib.auth import get_user_model
from signals_audit.models import AuditEntry, Notification

call_command("migrate", verbosity=0)
with override_settings(SIGNALS_AUDIT=written["SIGNALS_AUDIT"]):
    call_command("check", fail_level="ERROR")
    names = {}
    exec(blocks[1], names)
    exec(blocks[2], names)
    user = get_user_model().objects.create_user("ada")
    ben = get_user_model().objects.create_user("ben")
    assert BillingProfile.objects.count() == 2
    post = BlogPost.objects.create(author=user, title="A title", body="Text")
    BlogComment.objects.create(post=post, author=ben, body="hello")
    reaction = PostReaction.objects.create(post=post, user=ben, reaction="like")
    from signals_audit import audit_context
    with audit_context(actor=ben):
        PostReaction.objects.filter(pk=reaction.pk).update(reaction="changed")
    try:
        BlogComment.objects.create(post=post, author=ben, body="LOUD")
    except ValueError:
        pass
    assert BlogComment.objects.count() == 1
    told = list(Notification.objects.filter(recipient=user).values_list("verb", flat=True))
    assert "commented on" in told and "changed a reaction on" in told, told
    names |= {"post": post, "user": user, "BlogComment": BlogComment}
    for block in blocks[3:]:
        exec(block, names)
    found = AuditEntry.objects.for_object(post).filter(change_set__reason="Typo in the headline").get()
    assert found.change_set.extra == {"ticket": "A-17"} and found.change_set.actor_repr == "ada"
print("played", len(blocks))
"""


def test_the_blocks_of_the_readme_run_in_the_example_project(tmp_path: Path) -> None:
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("SIGNALS_AUDIT")},
        "DJANGO_SETTINGS_MODULE": "example_project.settings",
        "EXAMPLE_DATA_DIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", PLAY],
        input="\0".join(BLOCKS),
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"played {len(BLOCKS)}\n")


def test_the_readme_names_every_setting_and_no_other() -> None:
    section = README.split("## Settings")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE)) == set(SETTINGS)


def test_the_readme_keeps_to_its_length() -> None:
    assert len(README.splitlines()) <= 250
