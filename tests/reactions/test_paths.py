from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import models

from signals_audit.reactions.paths import follow
from tests.testapp.models import Article, Author, Comment, Profile, Tag

pytestmark = pytest.mark.django_db


def test_a_path_leads_over_foreign_keys() -> None:
    author = Author.objects.create(name="Ada")
    comment = Comment(article=Article(title="one", author=author))
    assert follow(comment, "article.author") == [author]
    assert follow(comment, "article.author.name") == ["Ada"]


def test_a_path_leads_to_both_sides_of_one_to_one_and_many_to_many_relations() -> None:
    user = User.objects.create_user("ada")
    friend = User.objects.create_user("ben")
    profile = Profile.objects.create(user=user)
    group = Group.objects.create(name="writers")
    group.user_set.add(user, friend)
    assert follow(user, "profile") == [profile]
    assert follow(profile, "user.groups") == [group]
    assert sorted(map(str, follow(user, "groups.user_set"))) == ["ada", "ben"]


def test_a_path_ends_where_a_step_is_null_or_gone() -> None:
    article = Article.objects.create(title="one")
    assert follow(article, "author.name") == []
    assert follow(Comment(article_id=article.pk + 1), "article.author") == []
    assert follow(User.objects.create_user("ada"), "profile.plan") == []


def test_a_path_leads_through_methods_properties_and_collections() -> None:
    class Team:
        people = (SimpleNamespace(name="Ada"), None, SimpleNamespace(name="Ben"))

        def members(self) -> list[Any]:
            return list(self.people)

        @property
        def leader(self) -> Any:
            return self.people[0]

    assert follow(Team(), "members.name") == ["Ada", "Ben"]
    assert follow(Team(), "people.name") == ["Ada", "Ben"]
    assert follow(Team(), "leader.name") == ["Ada"]


def test_a_step_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(AttributeError, match="autor"):
        follow(Article(title="one"), "autor.name")


def test_a_path_is_followed_also_from_an_instance_that_may_not_load_anything() -> None:
    author = Author.objects.create(name="Ada")
    Article.objects.create(title="one", author=author)
    articles = Article.objects.all()
    if hasattr(models, "FETCH_RAISE"):  # since Django 6.1
        articles = articles.fetch_mode(models.FETCH_RAISE)
    article = articles.get()
    assert follow(article, "author.name") == ["Ada"]
    assert follow(article, "tags.name") == []
    article.tags.add(Tag.objects.create(name="django"))
    assert follow(article, "tags.name") == ["django"]
