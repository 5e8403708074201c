"""The page in a real browser: four images up, the slider moved, the CSV down."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

pytest.importorskip("streamlit", reason="the page needs the extra app")
pytest.importorskip("selenium", reason="needs selenium, of the extra dev")
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from experiments.bench.server_process import PTSSP, QUIET, free_port
from ptssp_sklearn import load_pretrained
from ptssp_sklearn.images.table import one_row
from ptssp_sklearn.page.text import Words
from ptssp_sklearn.serving.answer import answer_for
from tests.scenes import task

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver"
)
SCREENSHOT = os.environ.get("PTSSP_SCREENSHOT")
"""A file the picture of the page for the documentation is written to, by hand only."""
TARGET, PILOT = 0.3, (16, 0.21)
WATCH = """
const [event, text] = arguments;
window.began = window.seconds = undefined;
const begin = () => { window.began = performance.now() };
document.addEventListener(event, begin, {once: true, capture: true});
const observer = new MutationObserver(() => {
  if (window.began === undefined || !document.body.textContent.includes(text)) return;
  window.seconds = (performance.now() - window.began) / 1000;
  observer.disconnect();
});
observer.observe(document.body, {childList: true, subtree: true, characterData: true});
"""
"""Times in the browser itself, from an event to a text: asking it again and again slows it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("page")
    images, masks = task(5, 4, side=48)
    for i in range(4):
        Image.fromarray(images[i]).save(place / f"{i}.png")
        Image.fromarray(masks[i].astype(np.uint8)).save(place / f"{i}_mask.png")
    return place


@pytest.fixture(scope="module")
def server(folder) -> Iterator[tuple[str, int]]:
    """Start `ptssp app`; give its address and process once it is healthy."""
    port = free_port()
    with open(folder / "server.log", "w+") as log:
        process = subprocess.Popen(
            [*PTSSP, "app", "--port", str(port)],
            cwd=folder,
            env=os.environ | QUIET | {"HOME": str(folder)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for_health(process, port, Path(log.name))
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


@pytest.fixture
def address(server) -> str:
    return server[0]


def seconds_of_processor(pid: int) -> float:
    """Give the processor time a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for_health(process: subprocess.Popen, port: int, log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise AssertionError(f"the page did not come up: {log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def browser(folder, server) -> Iterator:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={folder / 'profile'}")
    options.add_experimental_option("prefs", {"download.default_directory": str(folder / "down")})
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_window_size(1280, 1500)
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """What a visitor does and sees."""

    def __init__(self, driver) -> None:
        self.driver = driver
        self.wait = WebDriverWait(driver, 120, poll_frequency=0.02)

    def find(self, selector: str):
        try:
            return self.wait.until(lambda d: d.find_element(By.CSS_SELECTOR, selector))
        except Exception:
            seen = self.driver.find_element(By.TAG_NAME, "body").text
            raise AssertionError(f"{selector!r} is not on the page: {seen[:1500]}") from None

    def upload(self, key: str, *paths: Path) -> None:
        field = self.find(f".st-key-{key} input[type=file]")
        field.send_keys("\n".join(map(str, paths)))

    def shows(self, text: str) -> float:
        """Wait until a text is on the page; give the seconds it took."""
        start = time.monotonic()
        try:
            self.wait.until(lambda d: text in d.find_element(By.TAG_NAME, "body").text)
        except Exception:
            seen = self.driver.find_element(By.TAG_NAME, "body").text
            raise AssertionError(f"{text!r} is not on the page: {seen[:1500]}") from None
        return time.monotonic() - start

    @contextmanager
    def timed(self, event: str, text: str) -> Iterator[list[float]]:
        """Give the seconds from an event that is caused inside to the text it brings."""
        seconds: list[float] = []
        self.driver.execute_script(WATCH, event, text)
        yield seconds
        self.wait.until(lambda d: d.execute_script("return window.seconds"))
        seconds.append(self.driver.execute_script("return window.seconds"))

    def move_slider(self, steps: int) -> None:
        slider = self.find(".st-key-target input[type=range]")
        slider.send_keys((Keys.ARROW_LEFT if steps < 0 else Keys.ARROW_RIGHT) * abs(steps))

    def type_pilot(self, size: float, score: float) -> None:
        grid = self.find("[data-testid=stDataFrame]")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", grid)
        for share, value in ((-0.2, size), (0.3, score)):
            there = int(share * grid.size["width"]), 52 - grid.size["height"] // 2
            chain = ActionChains(self.driver).move_to_element_with_offset(grid, *there)
            chain.click().pause(0.3).double_click().perform()
            self.find("#portal input")
            ActionChains(self.driver).pause(0.3).send_keys(str(value)).pause(0.5).perform()
            ActionChains(self.driver).send_keys(Keys.ENTER).pause(0.5).perform()
            self.wait.until_not(lambda d: d.find_elements(By.CSS_SELECTOR, "#portal input"))

    def requested(self) -> set[str]:
        """List what the browser asked for over a network."""
        return {
            part.split('"')[0].split("/")[2].split(":")[0]
            for entry in self.driver.get_log("performance")
            if '"Network.requestWillBeSent"' in entry["message"]
            for part in entry["message"].split('"url":"')[1:]
            if part.startswith(("http", "ws"))
        }


def test_a_visit(browser, server, folder):
    page, (address, pid) = Page(browser), server
    browser.get(address)
    page.shows(Words("en")("start"))
    images = [folder / f"{i}.png" for i in range(4)]
    masks = [folder / f"{i}_mask.png" for i in range(4)]
    model, row = load_pretrained(), one_row(images, masks)
    page.upload("masks", *masks)
    page.shows(Words("en")("images_first"))
    goals = (0.4, 0.39, 0.38, 0.37, TARGET)
    answers = [answer_for(model, row, goal).sentence() for goal in goals]
    with page.timed("change", answers[0]) as first:
        page.upload("images", *images)
    page.shows(answers[0])
    page.find("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg")
    page.find(".st-key-curve_csv button")
    before, moves = seconds_of_processor(pid), []
    for sentence in answers[1:4]:
        with page.timed("keydown", sentence) as seconds:
            page.move_slider(-1)
        moves += seconds
    spent = (seconds_of_processor(pid) - before) / len(moves)
    page.move_slider(-7)
    page.shows(answers[4])
    shown = ", ".join(f"{move:.2f}" for move in moves)
    print(f"first answer {first[0]:.2f} s, slider {shown} s, of the processor {spent:.2f} s")
    page.type_pilot(*PILOT)
    page.shows(answer_for(model, row, TARGET, pilot=[PILOT]).sentence())
    if SCREENSHOT:
        browser.set_window_size(1280, 1900)
        browser.execute_script("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
        time.sleep(2)
        browser.save_screenshot(SCREENSHOT)
    page.find(".st-key-curve_csv button").click()
    downloaded = folder / "down" / "curve.csv"
    page.wait.until(lambda _: downloaded.is_file())
    curve = pd.read_csv(downloaded)
    expected = model.predict_distribution(row, pilot=[PILOT]).certain_scores(curve["size"])[0]
    np.testing.assert_allclose(curve["score"], expected, atol=1e-5)
    assert page.requested() == {"127.0.0.1"}
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]


def test_a_telephone_shows_all_of_it_in_russian(browser, address):
    page = Page(browser)
    browser.set_window_size(500, 900)
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True},
    )
    browser.get(address)
    page.find(".st-key-language [data-testid=stRadioOption]")
    browser.find_elements(By.CSS_SELECTOR, "[data-testid=stRadioOption]")[-1].click()
    page.shows(Words("ru")("start"))
    page.find(".st-key-example_button button").click()
    page.find("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg")
    width = browser.execute_script("return document.documentElement.scrollWidth")
    assert width <= browser.execute_script("return window.innerWidth")
    chart = page.find("[data-testid=stVegaLiteChart]")
    assert 0 < chart.size["width"] <= 360
