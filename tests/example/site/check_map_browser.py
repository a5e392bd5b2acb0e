"""The signal map in a real browser: what the lab does is found, by mouse and by keyboard, on any screen."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from example_project.factories import PASSWORD, AuditorFactory, UserFactory
from signals_audit.models import ReceiverStatistics
from signals_audit.receiver_statistics import flush

MAP = "/admin/signals_audit/receiverstatistics/"
HERE = "example_project.lab.signals"
PHONE, DESK = 400, 1280


@pytest.fixture
def auditor(browser):
    """Somebody who may look at the log, at a browser, after somebody else has been in the lab."""
    flush()
    ReceiverStatistics.objects.all().delete()
    UserFactory(username="ben")
    AuditorFactory(username="chris")
    browser.log_in("ben", PASSWORD)
    browser.follow("Lab")
    for button in ("Take a sample", "Send six shipments", "Post a heated reply"):
        browser.press(button)
    browser.shoot("lab")
    assert flush()
    browser.log_in("chris", PASSWORD)
    return browser


def widen(browser, width):
    """Have the page as wide as a screen."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def first(browser, selector):
    return " ".join(browser.driver.find_element(By.CSS_SELECTOR, selector).text.split())


def test_the_map_finds_what_is_wrong_in_the_lab(auditor):
    auditor.follow("Lab")
    auditor.follow("the slowest receivers")
    assert first(auditor, ".sa-measured tbody th").startswith(f"{HERE}.weigh post_save · lab.Sample")
    auditor.shoot("slowest")
    auditor.follow("Failing")
    assert first(auditor, ".sa-card h3").startswith(f"{HERE}.print_label post_save · lab.Shipment")
    auditor.driver.find_element(By.CSS_SELECTOR, ".sa-trace summary").send_keys(Keys.ENTER)
    assert "The label printer ran out of paper at shipment #6." in first(auditor, ".sa-trace pre")
    auditor.shoot("failing")
    auditor.follow("Loops")
    chain = auditor.driver.find_elements(By.CSS_SELECTOR, ".sa-plain li")
    assert f"{HERE}.warm_topic" in [line.text for line in chain]
    assert auditor.driver.find_elements(By.CSS_SELECTOR, "svg.sa-cycle .sa-back")
    auditor.shoot("loops")
    auditor.follow(f"{HERE}.warm_")
    assert "signal=post_save" in auditor.driver.current_url
    target = auditor.driver.find_element(By.CSS_SELECTOR, "li.sa-receiver:target")
    assert "warm_" in target.text
    assert not [told for told in auditor.complaints() if "favicon" not in told]


def test_a_picture_is_read_by_keyboard_alone(auditor):
    auditor.open(f"{MAP}?tab=models&model=lab.Reply")
    auditor.shoot("models")
    driver = auditor.driver
    for _key in range(80):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        focused = driver.switch_to.active_element
        if focused.tag_name == "a" and "sa-card-link" in (focused.get_attribute("class") or ""):
            break
    box = focused.find_element(By.CSS_SELECTOR, ".sa-box")
    assert box.value_of_css_property("stroke-width") == "3px"
    focused.send_keys(Keys.ENTER)
    target = driver.find_element(By.CSS_SELECTOR, "li.sa-receiver:target")
    assert f"{HERE}.warm_topic" in target.text
    assert target.rect["y"] - driver.execute_script("return window.scrollY") < 900


def cut_off(browser, width):
    """Return what of the page is beyond the edge of the screen."""
    root = "document.documentElement"
    if browser.driver.execute_script(f"return {root}.scrollWidth > {root}.clientWidth"):
        return ["the page itself"]
    shown = browser.driver.find_elements(By.CSS_SELECTOR, ".sa-map svg text, .sa-map code")
    return [one.text for one in shown if one.rect["x"] + one.rect["width"] > width]


def test_nothing_is_cut_off_on_any_screen(auditor):
    tabs = ("signals&signal=post_save", "models&model=lab.Reply", "slowest", "failing", "loops")
    for width in (PHONE, DESK):
        widen(auditor, width)
        for tab in tabs:
            auditor.open(f"{MAP}?tab={tab}")
            assert (tab, cut_off(auditor, width)) == (tab, [])
            auditor.shoot(f"{tab.partition('&')[0]}-{width}")


def test_filters_are_asked_for_without_any_script(auditor):
    auditor.open(MAP)
    auditor.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    auditor.open(f"{MAP}?tab=signals&signal=post_save&model=lab.Topic")
    listed = [line.text for line in auditor.driver.find_elements(By.CSS_SELECTOR, ".sa-name code")]
    assert listed == [f"{HERE}.warm_replies"]
