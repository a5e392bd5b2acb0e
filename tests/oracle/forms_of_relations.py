"""Forms that go through related managers: reverse, generic and many-to-many ones, from both sides."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.db.models.signals import m2m_changed

from tests.testapp.models import (
    Article,
    Comment,
    Group,
    Membership,
    Note,
    Profile,
    PublishedArticle,
    Shelving,
    Tag,
)

from .forms import folded, form, silent
from .world import World


@form
def reverse_add(world: World) -> None:
    world.bob.articles.add(world.a, world.c)


@form
def reverse_add_one_by_one(world: World) -> None:
    world.bob.articles.add(world.a, world.c, bulk=False)


@form
def reverse_remove(world: World) -> None:
    world.ada.articles.remove(world.a)
    world.a.reviews.remove(*world.a.reviews.all(), bulk=False)


@form
def reverse_clear(world: World) -> None:
    world.ada.articles.clear()
    world.a.reviews.clear(bulk=False)


@form
def reverse_set(world: World) -> None:
    world.ada.articles.set([world.b, world.c])


@form
def reverse_set_with_clear(world: World) -> None:
    world.ada.articles.set([world.b, world.c], clear=True)


@form
def reverse_create_and_update(world: World) -> None:
    world.a.comments.create(text="new")
    world.a.comments.get_or_create(text="newer")
    world.a.comments.update_or_create(text="newer", defaults={"text": "newest"})
    world.a.comments.update(text="same")
    world.ada.articles.filter(title="a").update(views=50)


@form
def reverse_write_asynchronously(world: World) -> None:
    async def work() -> None:
        await world.bob.articles.aadd(world.a)
        await world.bob.articles.aset([world.b])
        await world.bob.articles.aclear()
        await world.a.comments.acreate(text="async")
        await world.a.tags.aadd(world.blue)
        await world.a.tags.aremove(world.red)
        await world.a.tags.aset([world.red])
        await world.a.tags.aclear()

    async_to_sync(work)()


@form
def reverse_one_to_one(world: World) -> None:
    profile = Profile.objects.create(user=world.user)
    profile.plan = "paid"
    profile.save()


@form
def generic_relation(world: World) -> None:
    world.topic.notes.create(text="three")
    world.topic.notes.add(Note(text="four"), bulk=False)
    world.topic.notes.remove(world.note)
    world.topic.notes.update(text="same")
    world.topic.notes.set(list(world.topic.notes.all())[:1])
    world.topic.notes.clear()


@form
def generic_relation_to_another_object(world: World) -> None:
    world.note.about = world.a
    world.note.save()


@form
def m2m_add(world: World) -> None:
    world.a.tags.add(world.blue, world.named.pk)


@form
def m2m_add_some_that_are_there(world: World) -> None:
    world.a.tags.add(world.red, world.blue, world.blue)


@form
def m2m_add_with_a_receiver(world: World) -> None:
    def receive(**_kwargs: object) -> None:
        pass

    m2m_changed.connect(receive, sender=Article.tags.through)
    try:
        world.a.tags.add(world.red, world.blue)
        world.a.tags.remove(world.green)
    finally:
        m2m_changed.disconnect(receive, sender=Article.tags.through)


@form
def m2m_remove(world: World) -> None:
    world.a.tags.remove(world.red, world.blue, 987654)


@form
def m2m_clear(world: World) -> None:
    world.a.tags.clear()


@form
def m2m_set(world: World) -> None:
    world.a.tags.set([world.red, world.blue])


@form
def m2m_set_with_clear(world: World) -> None:
    world.a.tags.set([world.red, world.blue], clear=True)


@form
def m2m_create(world: World) -> None:
    world.a.tags.create(name="n")
    world.a.tags.get_or_create(name="m")
    world.a.tags.update_or_create(name="m", defaults={"name": "l"})


@form
def m2m_update_targets(world: World) -> None:
    world.a.tags.filter(name="red").update(name="n")


@form
def m2m_from_the_other_side(world: World) -> None:
    world.red.articles.add(world.b, world.c)
    world.red.articles.remove(world.a)
    world.green.articles.set([world.c])
    world.green.articles.clear()
    world.blue.articles.create(title="n")


@form
def m2m_of_a_second_field(world: World) -> None:
    world.a.picks.add(world.blue)
    world.a.picks.set([world.green])
    world.a.tags.add(world.blue)


@form
def m2m_of_a_proxy(world: World) -> None:
    PublishedArticle.objects.get(title="a").tags.set([world.blue])


@form
def m2m_symmetrical(world: World) -> None:
    world.kim.friends.add(world.max, world.kim)
    world.lea.friends.remove(world.kim)
    world.max.friends.clear()
    world.lea.friends.set([world.max])


@form
def m2m_to_the_same_model(world: World) -> None:
    world.max.follows.add(world.kim)
    world.lea.followers.add(world.max)
    world.kim.follows.remove(world.lea)
    world.max.followers.clear()


@form
def m2m_with_a_through_model(world: World) -> None:
    world.club.members.add(world.max, through_defaults={"role": "n"})
    world.club.members.remove(world.kim)
    world.lea.groups.add(world.team)
    world.team.members.set([world.kim], through_defaults={"role": "m"})
    world.lea.groups.clear()
    world.club.members.create(name="New", through_defaults={"role": "l"})


@form
def m2m_through_rows_written_themselves(world: World) -> None:
    row = Membership.objects.create(group=world.team, person=world.max)
    row.role = "n"
    row.save()
    row.person = world.kim
    row.save()
    row.delete()
    Article.tags.through.objects.create(article=world.c, tag=world.red)
    Article.tags.through.objects.filter(tag=world.green).delete()


@folded
def m2m_with_a_through_model_that_is_folded(world: World) -> None:
    world.club.members.add(world.max, through_defaults={"role": "n"})
    world.club.members.remove(world.kim)
    world.team.members.set([world.kim, world.lea])
    world.lea.groups.clear()


@folded
def through_rows_that_are_folded_written_themselves(world: World) -> None:
    row = Membership.objects.create(group=world.team, person=world.kim)
    row.person = world.max
    row.save()
    row.role = "silent"
    row.save()
    Membership.objects.filter(person=world.lea).update(group=world.team)
    Membership.objects.bulk_create([Membership(group=world.team, person=world.kim)])
    Membership.objects.filter(person=world.kim).delete()
    world.max.delete()
    world.team.delete()


@folded
def through_rows_that_are_folded_and_name_other_columns(world: World) -> None:
    Shelving.objects.create(shelf=world.shelf, tag=world.red)
    world.shelf.tags.remove(world.named)
    world.shelf.tags.set([world.blue])


@form
def m2m_of_users(world: World) -> None:
    world.user.groups.add(world.staff)
    world.staff.user_set.clear()
    world.user.groups.set([world.staff])


@silent
def m2m_nothing_new(world: World) -> None:
    world.a.tags.add(world.red, world.green)
    world.a.tags.remove(world.blue)
    world.a.tags.set([world.red, world.green])
    world.c.tags.clear()
    world.kim.friends.add(world.lea)
    world.ada.articles.set([world.a, world.b])
    world.club.members.add(world.kim)


@silent
def reverse_nothing_new(world: World) -> None:
    world.ada.articles.add(world.a)
    world.bob.articles.clear()
    Tag.objects.filter(articles__title="nobody").update(name="n")
    Comment.objects.filter(article__title="nobody").update(text="n")
    Group.objects.filter(members__name="nobody").update(name="n")
