from __future__ import annotations

from typing import Any

from django.db import migrations


def write(apps: Any, _editor: Any) -> None:
    Widget, Part = apps.get_model("migrated_app", "Widget"), apps.get_model("migrated_app", "Part")
    part = Part.objects.create(name="p")
    widget = Widget.objects.create(name="w", password="hidden", motto="m")
    widget.motto = "n"
    widget.save()
    widget.parts.add(part)
    Widget.objects.filter(name="early").update(name="late")
    widget.delete()


class Migration(migrations.Migration):
    dependencies = [("migrated_app", "0001_initial"), ("signals_audit", "0001_initial")]
    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
