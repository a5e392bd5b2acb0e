"""The story in a real browser: register, comment, change a reaction, read the inbox, switch something off."""

from __future__ import annotations

from django.contrib.auth.models import User
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from example_project.factories import BlogPostFactory
from signals_audit.models import Notification
from tests.example.site.browsing import is_gone


def test_people_are_told_in_a_real_browser_and_told_nothing_when_they_do_not_want_it(browser):
    for name in ("ada", "ben"):
        browser.register(name)
    post = BlogPostFactory(author=User.objects.get(username="ada"), title="Signals in Django")
    address = post.get_absolute_url()

    browser.log_in("ben")
    browser.open(address)
    browser.fill(body="Well said.")
    browser.press("Comment")
    for reaction in ("Like", "Love", "Celebrate"):
        browser.react(reaction)
    assert "unread" not in browser.header()

    browser.log_in("ada")
    assert "3 unread" in browser.header()
    browser.follow("Inbox")
    browser.shoot("unread")
    assert browser.lines() == [
        "Unread: ben changed Like to Celebrate on Signals in Django",
        "Unread: ben reacted to Signals in Django",
        "Unread: ben commented on Signals in Django",
    ]
    assert "2 changes" in browser.text()
    browser.press("Signals in Django")
    assert browser.driver.current_url == browser.url + address
    browser.follow("Inbox")
    browser.press("Mark read")
    assert "1 unread" in browser.header()
    browser.press("Mark all read")
    assert "Nothing unread." in browser.text()
    assert "unread" not in browser.header()
    browser.follow("All")
    browser.shoot("all")
    browser.press("Mark unread")
    assert "1 unread" in browser.header()

    browser.follow("Preferences")
    choice = browser.driver.find_element(By.XPATH, "//select[@aria-label='Comments on my posts: Inbox']")
    Select(choice).select_by_visible_text("not at all")
    browser.shoot("preferences")
    browser.press("Save")
    assert "Your preferences are saved." in browser.text()
    before = Notification.objects.count()

    browser.log_in("ben")
    browser.open(address)
    browser.fill(body="One more thing.")
    browser.press("Comment")
    assert Notification.objects.count() == before
    browser.react("Confused")

    browser.log_in("ada")
    browser.follow("Inbox")
    assert browser.lines() == ["Unread: ben changed Like to Confused on Signals in Django"]
    assert browser.complaints() == []


def test_the_inbox_works_by_keyboard_alone(browser):
    browser.register("ada")
    post = BlogPostFactory(author=User.objects.get(username="ada"), title="Signals in Django")
    Notification.objects.create(
        recipient=post.author,
        actor_kind="user",
        actor_repr="ben",
        verb="commented on",
        target_model="blog.BlogPost",
        target_id=str(post.pk),
        target_repr=post.title,
        created_at=post.created,
    )
    browser.log_in("ada")
    browser.follow("Inbox")
    for _key in range(30):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        if browser.driver.switch_to.active_element.text == "Signals in Django":
            break
    outline = browser.driver.switch_to.active_element.value_of_css_property("outline-style")
    assert outline == "solid"
    page = browser.driver.find_element(By.TAG_NAME, "html")
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    WebDriverWait(browser.driver, 10).until(lambda _driver: is_gone(page))
    assert browser.driver.current_url == browser.url + post.get_absolute_url()
    assert Notification.objects.get().read_at is not None
