"""Forms that delete, and what the deletion does to other rows."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.db import transaction
from django.db.models import Count
from django.db.models.signals import post_delete

from tests.testapp.models import (
    Article,
    Author,
    Bistro,
    Comment,
    Country,
    Membership,
    Odd,
    Ordered,
    Parent,
    Person,
    Place,
    Product,
    PublishedArticle,
    Restaurant,
    Review,
    Seat,
    Shelf,
    Tag,
    Ticket,
    Vote,
)

from .forms import form, silent
from .world import World


@form
def delete_a_row_that_nothing_points_at(world: World) -> None:
    world.product.delete()
    world.document.delete()
    world.ticket.delete()
    world.country.delete()
    world.odd.delete()


@form
def delete_what_was_changed_in_memory(world: World) -> None:
    world.c.title = "never saved"
    world.c.delete()


@form
def delete_a_deferred_instance(world: World) -> None:
    Article.objects.only("pk").get(title="c").delete()


@form
def delete_with_children_set_null_and_default(world: World) -> None:
    world.a.delete()


@form
def delete_with_children_of_children(world: World) -> None:
    world.ada.delete()


@form
def delete_a_queryset(world: World) -> None:
    Article.objects.filter(views__lt=3).delete()


@form
def delete_a_queryset_fast(world: World) -> None:
    Comment.objects.filter(article=world.a).delete()
    Review.objects.all().delete()


@form
def delete_with_a_receiver(world: World) -> None:
    def receive(**_kwargs: object) -> None:
        pass

    post_delete.connect(receive, sender=Comment)
    try:
        Comment.objects.filter(text="1").delete()
        world.a.delete()
    finally:
        post_delete.disconnect(receive, sender=Comment)


@form
def delete_raw(world: World) -> None:
    rows = Comment.objects.filter(article__title="a", text="1")
    rows._raw_delete(rows.db)


@form
def delete_rows_found_by_a_join(world: World) -> None:
    Comment.objects.filter(article__author__name="Ada", article__tags__name="red").delete()


@form
def delete_rows_found_by_a_count(world: World) -> None:
    Article.objects.annotate(n=Count("comments")).filter(n=0).delete()


@form
def delete_what_a_subquery_found(world: World) -> None:
    Vote.objects.filter(article__in=Article.objects.filter(views=1)).delete()
    last = Ordered.objects.order_by("-pk").values_list("pk", flat=True)[:1]
    Ordered.objects.filter(pk__in=list(last)).delete()


@form
def delete_through_a_related_manager(world: World) -> None:
    world.a.comments.all().delete()
    world.a.tags.filter(name="red").delete()
    world.ada.articles.filter(title="b").delete()


@form
def delete_a_target_of_many_to_many_fields(world: World) -> None:
    world.red.delete()
    Tag.objects.filter(name__in=["green", "blue"]).delete()


@form
def delete_a_row_that_is_named_by_another_column(world: World) -> None:
    world.named.delete()


@form
def delete_an_owner_that_is_named_by_another_column(world: World) -> None:
    Shelf.objects.all().delete()


@form
def delete_people_who_know_each_other(world: World) -> None:
    world.lea.delete()
    Person.objects.all().delete()


@form
def delete_an_end_of_a_through_model(world: World) -> None:
    world.club.delete()
    Membership.objects.create(group=world.team, person=world.max)
    world.max.delete()


@form
def delete_a_multi_table_child(world: World) -> None:
    world.bistro.delete()


@form
def delete_a_multi_table_child_and_keep_its_parents(world: World) -> None:
    world.bistro.delete(keep_parents=True)


@form
def delete_the_parent_of_a_multi_table_child(world: World) -> None:
    Place.objects.get(pk=world.bistro.pk).delete()


@form
def delete_multi_table_rows_in_a_set(world: World) -> None:
    Restaurant.objects.filter(city="x").delete()
    Bistro.objects.all().delete()
    Place.objects.all().delete()


@form
def delete_a_proxy(world: World) -> None:
    PublishedArticle.objects.get(title="a").delete()
    PublishedArticle.objects.filter(title="b").delete()


@form
def delete_composite_keys(world: World) -> None:
    world.seat.delete()
    Seat.objects.filter(number__gt=2).delete()


@form
def delete_with_a_generic_relation(world: World) -> None:
    world.topic.delete()


@form
def delete_rows_that_point_at_each_other(world: World) -> None:
    world.parent.delete()


@form
def delete_a_row_that_is_pointed_back_at(world: World) -> None:
    world.child.delete()


@form
def delete_a_user(world: World) -> None:
    world.user.groups.add(world.staff)
    world.user.delete()


@form
def delete_an_end_that_is_not_audited(world: World) -> None:
    world.user.groups.add(world.staff)
    world.staff.delete()


@form
def delete_asynchronously(world: World) -> None:
    async_to_sync(world.a.adelete)()
    async_to_sync(Comment.objects.all().adelete)()
    async_to_sync(Article.objects.filter(title="b").adelete)()


@form
def delete_everything(world: World) -> None:
    for model in (Author, Article, Tag, Person, Place, Parent, Odd, Country, Ticket, Product, Seat):
        model._base_manager.all().delete()


@form
def delete_and_create_again_under_the_same_key(world: World) -> None:
    key = world.red.pk
    world.red.delete()
    Tag.objects.create(pk=key, name="again")
    Tag.objects.filter(pk=key).delete()
    Tag.objects.bulk_create([Tag(pk=key, name="and again")])


@silent
def delete_nothing(world: World) -> None:
    Article.objects.none().delete()
    Article.objects.filter(pk__in=[]).delete()
    Article.objects.filter(title="nobody").delete()
    Comment.objects.filter(article__title="nobody").delete()
    Comment.objects.none()._raw_delete("default")


@silent
def delete_in_a_savepoint_that_is_rolled_back(world: World) -> None:
    with transaction.atomic():
        world.ada.delete()
        world.bistro.delete()
        transaction.set_rollback(True)
