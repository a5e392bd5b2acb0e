"""Made-up people and posts, the same in every run."""

from __future__ import annotations

import factory
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission, User
from factory.django import DjangoModelFactory
from factory.random import reseed_random

from .blog.models import BlogComment, BlogPost, PostReaction, Tag

PASSWORD = "demo"
SEED = 20


def start_over() -> None:
    """Make the next values those of a first run."""
    reseed_random(SEED)


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        django_get_or_create = ("username",)
        skip_postgeneration_save = True

    username = factory.Sequence("user{}".format)
    first_name = factory.LazyAttribute(lambda user: user.username.capitalize())
    last_name = factory.Faker("last_name")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


class SuperuserFactory(UserFactory):
    is_staff = True
    is_superuser = True


class AuditorFactory(UserFactory):
    """Somebody who may look at the log in the admin, and at nothing else."""

    is_staff = True

    @factory.post_generation
    def permissions(self: User, create: bool, extracted: object, **_kwargs: object) -> None:  # type: ignore[misc]
        viewing = Permission.objects.filter(
            content_type__app_label="signals_audit", codename__startswith="view_"
        )
        self.user_permissions.add(*viewing)


class TagFactory(DjangoModelFactory[Tag]):
    class Meta:
        model = Tag
        django_get_or_create = ("name",)

    name = factory.Faker("word")


class BlogPostFactory(DjangoModelFactory[BlogPost]):
    class Meta:
        model = BlogPost
        skip_postgeneration_save = True

    author = factory.SubFactory(UserFactory)
    title = factory.Faker("sentence", nb_words=4)
    body = factory.Faker("paragraph", nb_sentences=6)
    status = BlogPost.STATUS.published

    @factory.post_generation
    def tags(self: BlogPost, create: bool, extracted: list[str] | None, **_kwargs: object) -> None:  # type: ignore[misc]
        self.tags.add(*(TagFactory(name=name) for name in extracted or ()))


class BlogCommentFactory(DjangoModelFactory[BlogComment]):
    class Meta:
        model = BlogComment

    post = factory.SubFactory(BlogPostFactory)
    author = factory.SubFactory(UserFactory)
    body = factory.Faker("sentence", nb_words=10)


class PostReactionFactory(DjangoModelFactory[PostReaction]):
    class Meta:
        model = PostReaction

    post = factory.SubFactory(BlogPostFactory)
    user = factory.SubFactory(UserFactory)
    reaction = PostReaction.REACTIONS.like
