"""A real browser without a window, and somebody who sits at it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

PASSWORD = "correct horse battery"
SHOTS = os.environ.get("EXAMPLE_SCREENSHOTS")


class Browser:
    """Somebody at a browser that runs no script and no style but the site's own."""

    def __init__(self, driver, url):
        self.driver = driver
        self.url = url

    def open(self, path):
        self.driver.get(self.url + path)

    def text(self):
        return self.driver.find_element(By.TAG_NAME, "main").text

    def header(self):
        return " ".join(self.driver.find_element(By.TAG_NAME, "header").text.split())

    def lines(self):
        found = self.driver.find_elements(By.CLASS_NAME, "sa-sentence")
        return [" ".join(line.text.split()) for line in found]

    def click(self, *where):
        """Click something that leads to another page, and wait for that."""
        page = self.driver.find_element(By.TAG_NAME, "html")
        self.driver.find_element(*where).click()
        WebDriverWait(self.driver, 10).until(lambda _driver: is_gone(page))

    def press(self, label):
        self.click(By.XPATH, f"//main//button[starts-with(normalize-space(.), '{label}')]")

    def follow(self, label):
        self.click(By.XPATH, f"//a[starts-with(normalize-space(.), '{label}')]")

    def fill(self, **values):
        for name, value in values.items():
            field = self.driver.find_element(By.NAME, name)
            field.clear()
            field.send_keys(value)

    def register(self, name):
        self.open("/accounts/register/")
        self.fill(username=name, email=f"{name}@example.com", password1=PASSWORD, password2=PASSWORD)
        self.press("Create account")
        assert "You can log in now" in self.text()

    def log_in(self, name, password=PASSWORD):
        self.driver.delete_all_cookies()
        self.open("/accounts/login/")
        self.fill(username=name, password=password)
        self.press("Log in")

    def react(self, label):
        self.click(By.CSS_SELECTOR, f"button[title='{label}']")

    def shoot(self, name):
        """Keep a picture of the page in light and dark, where somebody wants to look at it."""
        if SHOTS is None:
            return
        for scheme in ("light", "dark"):
            feature = {"name": "prefers-color-scheme", "value": scheme}
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
            self.driver.save_screenshot(str(Path(SHOTS) / f"{name}-{scheme}.png"))

    def complaints(self):
        """Return what the browser says against the page: what the policy forbids, files that are missing."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


def is_gone(element):
    try:
        element.is_enabled()
    except Exception:
        return True
    return False


@pytest.fixture
def browser(live_server):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for switch in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=900,900", "lang=en"):
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        yield Browser(driver, live_server.url)
    finally:
        driver.quit()
