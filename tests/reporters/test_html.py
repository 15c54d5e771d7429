"""The HTML report in a real Chromium: search, filter, deep links, keys, copy, hostile answers, light and dark, ten thousand steps."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from limits import Stopwatch, limit, wait_for
from needs import need
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from runflow.model.events import StepFinished, SuiteFinished, SuiteStarted, WorkflowFinished, WorkflowStarted
from runflow.model.exchange import Exchange, Request, Response
from runflow.model.results import AttemptResult, Check, Result, StepResult, Verdict, WorkflowResult
from runflow.reporters.html import Html


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    need("chromium", "chromedriver")  # else Selenium would look for them on the network
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for word in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1400,1000",
    ):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        yield found
    finally:
        found.quit()


class Page:
    def __init__(self, browser: Any, path: Path) -> None:
        self.browser = browser
        self.path = path

    def open(self, place: str = "") -> Page:
        self.browser.get("about:blank")
        self.browser.get(f"file://{self.path}{place}")
        self.until(lambda: self.browser.execute_script("return document.documentElement.dataset.ready") == "yes")
        return self

    @staticmethod
    def until(true: Any) -> Any:
        """What a condition returns, once it is true: while the page draws itself again, an element may go as it is read."""

        def condition() -> Any:
            with suppress(StaleElementReferenceException):
                return true()
            return None

        return wait_for(condition, what="the page")

    def all(self, selector: str) -> list[Any]:
        found: list[Any] = self.browser.find_elements(By.CSS_SELECTOR, selector)
        return found

    def one(self, selector: str) -> Any:
        return self.all(selector)[0]

    def texts(self, selector: str) -> list[str]:
        return [each.text for each in self.all(selector)]

    def keys(self, *keys: str) -> None:
        self.browser.switch_to.active_element.send_keys(*keys)

    @property
    def place(self) -> str:
        return str(self.browser.current_url).partition("#")[2]


@pytest.fixture
def page(browser: Any, suite: Path) -> Page:
    return Page(browser, suite / "out.html").open()


NAMES = "#list .name"


def test_it_opens_at_the_first_failure_with_totals_and_causes(page: Page) -> None:
    assert page.one("h1").text == "Not passed"
    assert page.texts(".total") == ["1 passed", "3 failed", "1 error", "1 skipped"]
    assert page.one("#failures h2").text == "3 causes of failure"
    assert "2 runs" in page.one(".cause").text
    assert len(page.all(NAMES)) == 6
    assert page.place == "run=1"
    assert page.one("#detail h3").text == "✗ failed hostile answers"


def test_runs_are_searched_and_filtered_by_status_tag_and_file(page: Page) -> None:
    search = page.one("#search")
    for words, names in (
        ("inside", 0),
        ("ask", 2),
        ("BUSY n=2", 1),
        ("nobody", 1),
        ("smoke", 2),
        ("503", 2),
        ("zzz", 0),
    ):
        search.clear()
        search.send_keys(words)
        assert len(page.all(NAMES)) == names, words
    search.clear()
    search.send_keys(Keys.BACKSPACE)
    page.one(".total.failed").click()
    page.one(".total.error").click()
    assert len(page.all(NAMES)) == 4
    assert page.one("#shown").text == "4 of 6 shown"
    page.one(".total.failed").click()
    page.one(".total.error").click()
    for selector, value, count in (("#tag", "slow", 1), ("#file", "c_busy.yaml", 2)):
        page.one(f"{selector} option[value='{value}']").click()
        assert len(page.all(NAMES)) == count
        page.one(f"{selector} option[value='']").click()
    assert len(page.all(NAMES)) == 6


def test_a_deep_link_opens_its_step(page: Page) -> None:
    page.open("#run=0&step=5.1")
    step = page.until(lambda: page.all(".step.now"))[0]
    assert step.get_attribute("id") == "step-5.1"
    assert step.get_attribute("open")
    assert "inside" in step.text
    page.open("#run=4")
    assert "nobody listens" in page.one("#detail h3").text
    page.one("#list li").click()
    page.until(lambda: "log in & look <around>" in page.one("#detail h3").text)
    assert page.place == "run=0"


def test_the_keyboard_is_enough(page: Page) -> None:
    page.keys("n")
    page.until(lambda: page.place == "run=2")
    page.keys("n", "n")
    page.until(lambda: page.place == "run=4")
    page.keys("k")
    page.until(lambda: page.place == "run=3")
    page.keys("j")
    page.until(lambda: page.place == "run=4")
    page.keys("/")
    page.keys("busy")
    assert len(page.all(NAMES)) == 2
    page.keys(Keys.ESCAPE)
    page.keys(Keys.ESCAPE)
    page.until(lambda: page.place == "")


def test_a_step_shows_all_there_is(page: Page) -> None:
    page.open("#run=0&step=2")
    text = page.until(lambda: page.all(".step.now"))[0].get_attribute("textContent")
    for part in (
        "GET",
        "/items?key=***",
        "200 OK",
        "expectations that hold",
        "status",
        "duration",
        "limit == 3",
        "Bearer ***",
        "variables",
        '"***"',
        "a_login.yaml:",
        "  12 | ",
    ):
        assert part in text, part
    page.open("#run=0&step=1")
    body = page.until(lambda: page.all(".step.now"))[0].get_attribute("textContent")
    assert '"big": 12345678901234567890' in body  # a number keeps its digits
    assert '"price": 1.0' in body
    assert '"password": "***"' in body
    page.open("#run=1&step=2")
    assert "image/png: 124 B, 640 \u00d7 480 pixels" in page.until(lambda: page.all(".step.now"))[0].text
    page.open("#run=1&step=3")
    assert "<a>\n  <b>1</b>\n  <c/>\n</a>" in page.until(lambda: page.all(".step.now"))[0].text
    page.open("#run=2")
    assert [each for each in page.texts("#detail h4") if each.startswith("attempt")] == [
        "attempt 1 of 2",
        "attempt 2 of 2, after waiting 10 ms",
    ]


def test_long_bodies_are_folded(page: Page) -> None:
    page.open("#run=1&step=4")
    step = page.until(lambda: page.all(".step.now"))[0]
    button = step.find_element(By.CSS_SELECTOR, ".fold")
    assert button.text.startswith("show all 1502 lines")
    assert '"id": 499' not in step.text
    page.browser.execute_script("arguments[0].click()", button)
    assert '"id": 499' in step.text


def test_a_waterfall_has_a_bar_for_each_exchange(page: Page) -> None:
    page.open("#run=0")
    assert len(page.all(".wrow")) == 6  # an include and its step too
    page.open("#run=2")
    assert len(page.all(".wrow .lane span")) == 4  # the step, two tries, and the waiting between


def test_copy_as_curl_gives_the_command(page: Page) -> None:
    page.open("#run=0&step=1")
    button = page.until(lambda: page.all(".step.now .copy"))[0]
    page.browser.execute_script(
        "document.execCommand = () => { window.copied = document.activeElement.value; return true; }; "
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => { window.copied = text; }}})"
    )  # fmt: skip
    page.browser.execute_script("arguments[0].click()", button)
    copied = page.until(lambda: page.browser.execute_script("return window.copied"))
    assert copied.startswith("# export these secrets first: PASSWORD\ncurl http://127.0.0.1:")
    assert '"password":"\'"${PASSWORD}"\'"' in copied
    page.until(lambda: button.text == "copied")


def test_nothing_that_a_server_says_is_ever_live(page: Page) -> None:
    page.open("#run=1&step=1")
    page.until(lambda: page.all(".step.now"))
    assert page.browser.title == "not passed · runflow report"
    assert page.all("#detail img, #failures img") == []
    assert "<img src=x onerror=" in page.one(".step.now").text
    text = page.path.read_text(errors="replace")
    assert text.count("</script>") == text.count("<script") == 3
    assert "{{7*7}}" in text
    assert "49" not in page.one(".cause pre").text.split("7*7")[0][-5:]
    errors = [entry for entry in page.browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert errors == []


def test_it_asks_nobody_for_anything(page: Page) -> None:
    page.browser.get_log("performance")
    page.open("#run=0&step=1")
    asked = [
        json.loads(entry["message"])["message"]["params"]["request"]["url"]
        for entry in page.browser.get_log("performance")
        if '"Network.requestWillBeSent"' in entry["message"]
    ]
    assert [url for url in asked if not url.startswith(("file:", "about:", "data:"))] == []
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page.path.read_text(errors="replace"))
    policy = page.one("meta[http-equiv]").get_attribute("content")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_the_policy_stops_a_script_that_is_not_the_pages_own(page: Page) -> None:
    page.browser.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.alive = 1'; document.body.append(s)"
    )
    assert page.browser.execute_script("return window.alive") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_light_and_dark(page: Page, scheme: str) -> None:
    page.browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    page.open("#run=2")
    back = _brightness(page, "body", "backgroundColor")
    assert (back < 60) == (scheme == "dark")
    for selector in (
        "body",
        "h1",
        ".top p",
        ".total.passed",
        ".total.failed",
        ".cause pre",
        "#list .file",
        ".step .meta",
    ):
        behind = _brightness(page, selector, "color")
        lighter, darker = max(behind, back), min(behind, back)
        assert (lighter / 255 + 0.05) / (darker / 255 + 0.05) > 2, selector
    page.one("#theme").click()
    assert (_brightness(page, "body", "backgroundColor") < 60) != (scheme == "dark")
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def _brightness(page: Page, selector: str, which: str) -> float:
    colour = page.browser.execute_script(f"return getComputedStyle(document.querySelector('{selector}')).{which}")
    red, green, blue = (float(part) for part in re.findall(r"[\d.]+", colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_print_shows_every_run_and_no_buttons(page: Page) -> None:
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not page.one(".tools").is_displayed()
        assert page.one(".cause pre").is_displayed()
        assert len(page.all(NAMES)) == 6
    finally:
        page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.slow
def test_ten_thousand_steps_are_small_and_open_at_once(browser: Any, tmp_path: Path) -> None:
    """The page of a big run is used as it is: what is slow would hang here, what is large would not be kept."""
    path = tmp_path / "big.html"
    with path.open("wb") as stream:
        html = Html(stream)
        html.handle(SuiteStarted(1000, 1, started=1.0))
        results = [_tell(html, number) for number in range(1000)]
        html.handle(SuiteFinished(Result(tuple(results), 12.0)))
    assert path.stat().st_size < 10_000_000
    page = Page(browser, path)
    with Stopwatch() as opening:
        page.open()
    assert opening.seconds < limit(2)
    assert len(page.all(NAMES)) == 200  # the others come when somebody scrolls
    page.one("#search").send_keys("flow 777 ")
    assert page.texts(NAMES) == ["✓ flow 777"]
    page.open("#run=999&step=10")
    assert "step 9 of 999" in page.until(lambda: page.all(".step.now"))[0].text


def _tell(html: Html, number: int) -> WorkflowResult:
    html.handle(WorkflowStarted(f"flow {number} ", f"flows/{number}.yaml", "", number))
    steps = []
    for index in range(10):
        body = json.dumps({"id": number * 10 + index, "name": f"item {number}", "tags": ["a", "b"]}).encode()
        headers = (
            ("Content-Type", "application/json"),
            ("Date", "Tue, 24 Nov 2026 06:18:09 GMT"),
            ("X-Id", f"{number}-{index}"),
        )
        answer = Response(200, "http://127.0.0.1/", headers=headers, body=body, elapsed=0.003, sent=headers)
        exchange = Exchange(
            Request("GET", f"http://127.0.0.1/items/{number * 10 + index}", headers), answer, started=1.0 + number
        )
        checks = (Check("status", "status", 200, 200, passed=True), Check("$.id", "equals", index, index, passed=True))
        step = StepResult(f"step {index} of {number}", Verdict.PASSED, "GET", "http://127.0.0.1/", 200, 0.003,
            attempts=(AttemptResult((exchange,), checks),), started=1.0 + number, provided={"id": index})  # fmt: skip
        html.handle(StepFinished(f"flow {number}", "f", step))
        steps.append(step)
    result = WorkflowResult(
        f"flow {number} ",
        f"flows/{number}.yaml",
        Verdict.PASSED,
        steps=tuple(steps),
        duration=0.04,
        started=1.0 + number,
    )
    html.handle(WorkflowFinished(result))
    return result
