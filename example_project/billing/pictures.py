"""The default profile picture, drawn when it is first needed; the removal of pictures of deleted profiles."""

from __future__ import annotations

import io
import logging
from functools import partial
from typing import Any, Final

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import transaction
from PIL import Image, ImageDraw

DEFAULT_PICTURE: Final = "profile_images/user_image.png"

logger = logging.getLogger(__name__)


def draw_default_picture(size: int = 256) -> bytes:
    """Draw a head and shoulders as PNG."""
    image = Image.new("RGB", (size, size), "#c7d2e5")
    draw = ImageDraw.Draw(image)
    draw.ellipse((size * 0.32, size * 0.2, size * 0.68, size * 0.56), fill="#5b6b8c")
    draw.ellipse((size * 0.16, size * 0.64, size * 0.84, size * 1.4), fill="#5b6b8c")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def ensure_default_picture(storage: Storage) -> str:
    """Return the address of the default picture, drawing it where it is missing."""
    if not storage.exists(DEFAULT_PICTURE):
        storage.save(DEFAULT_PICTURE, ContentFile(draw_default_picture()))
    return storage.url(DEFAULT_PICTURE)


def remove_picture(instance: Any, using: str, **_kwargs: Any) -> None:
    """Remove the file of a deleted profile, once the deletion can no longer be undone."""
    picture = instance.user_image
    if picture and picture.name != DEFAULT_PICTURE:
        transaction.on_commit(partial(_remove, picture.storage, picture.name), using=using)


def _remove(storage: Storage, name: str) -> None:
    try:
        storage.delete(name)
    except OSError:
        logger.exception("The picture %s could not be removed.", name)
