"""report.py's page in a browser: no errors, nothing loaded, a slider, curves to point at, dark and small screens."""

import io

import numpy as np
import pytest
from browser import CHROMIUM, Browser
from pages import page_of, run_in
from PIL import Image

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")

HOSTILE = "</script><script>window.broken=1</script><img src=x onerror=window.broken=1>"
ROWS = {step: {"disc_loss": float(step), "gen_loss": 0.5, f"eval/{HOSTILE}": -1.0} for step in range(0, 205, 5)}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A page of two runs, the second shorter and with fewer snapshots."""
    folder = tmp_path_factory.mktemp("runs")
    one = run_in(folder / f"one {HOSTILE[2:9]}", rows=ROWS, frames=(0, 100, 200))
    early = {step: row for step, row in ROWS.items() if step <= 150}
    other = run_in(folder / "other", "ring", "--seed", "1", rows=early, frames=(0, 200))
    page_of(one, other)
    return (one / "out" / "page.html").as_uri()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(chromium, address):
    """The page, freshly loaded."""
    chromium.errors.clear()
    chromium.requests.clear()
    chromium.blocked.clear()
    chromium.open(address)
    return chromium


SHOWN = "[...document.querySelectorAll('.film img:not([hidden])')].map((image) => Number(image.dataset.step))"
RUN = "document.querySelector('#charts .chart')"


def middle_of(browser, selector, share=0.5):
    """A place within an element, from its left to its right."""
    script = """(() => {
      const node = document.querySelector('SELECTOR');
      node.scrollIntoView({block: 'center', behavior: 'instant'});
      const box = node.getBoundingClientRect();
      return [box.x, box.y, box.width, box.height];
    })()"""
    box = browser.value(script.replace("SELECTOR", selector))
    return box[0] + share * box[2], box[1] + box[3] / 2


def test_no_errors_and_nothing_asked_of_any_network(browser, address):
    assert browser.value("window.broken") is None
    assert browser.value("document.title") == "2 runs compared · ganjax"
    assert browser.errors == []
    assert {url for url in browser.requests if not url.startswith("data:")} == {address}
    assert browser.blocked == []
    assert browser.value("[...document.images].every((image) => image.hidden || image.naturalWidth > 0)")


def test_the_policy_stops_what_a_page_must_not_do(browser):
    script = """new Promise((done) => {
      addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective), {once: true});
      const made = (tag, properties) => document.body.append(Object.assign(document.createElement(tag), properties));
      ATTEMPT;
    })"""
    attempts = {
        "fetch('http://127.0.0.1:9/').catch(() => 0)": "connect-src",
        "made('img', {src: 'http://127.0.0.1:9/x.png'})": "img-src",
        "made('script', {textContent: 'window.broken = 1'})": "script-src-elem",
        "made('style', {textContent: 'b {}'})": "style-src-elem",
    }
    for attempt, directive in attempts.items():
        assert browser.value(script.replace("ATTEMPT", attempt)) == directive
    assert browser.value("window.broken") is None
    assert browser.blocked == ["http://127.0.0.1:9/x.png"]
    assert not [url for url in browser.requests if url.startswith("http")]


def test_the_slider_moves_all_runs_together(browser):
    assert browser.value(SHOWN) == [200, 200]
    before = browser.picture()
    browser.value("document.querySelector('#slider').focus()")
    browser.press("ArrowLeft")
    assert browser.value(SHOWN) == [100, 0]  # the second has none of step 100: its last before that
    assert browser.value("document.querySelector('#slider').getAttribute('aria-valuetext')") == "step 100"
    assert browser.value("[...document.querySelectorAll('.film .at')].map((node) => node.textContent)") == [
        "step 100",
        "step 0",
    ]
    assert browser.picture() != before
    browser.press("Home")
    assert browser.value(SHOWN) == [0, 0]
    browser.press("End")
    assert browser.value(SHOWN) == [200, 200]


def test_the_film_plays_from_its_beginning(browser):
    browser.value("document.querySelector('#play').click()")
    assert browser.value(SHOWN) == [0, 0]
    assert browser.value("document.querySelector('#play').textContent") == "Pause"
    wait = """new Promise((done) => setInterval(
      () => document.querySelector('#play').textContent === 'Play' && done(true), 20))"""
    assert browser.value(wait)
    assert browser.value(SHOWN) == [200, 200]


def test_pointing_at_a_curve_reads_it_and_a_click_brings_up_its_samples(browser):
    readouts = f"[...{RUN}.querySelectorAll('.readout b')].map((node) => node.textContent)"
    at = f"{RUN}.querySelector('.at').textContent"
    assert (browser.value(readouts), browser.value(at)) == (["200", "150"], "last")
    # steps from 0 to 200, right of the numbers at the axis
    browser.point(*middle_of(browser, "#charts svg", share=0.58))
    values = browser.value(readouts)
    assert values[0] == values[1]
    assert 100 <= int(values[0]) <= 120
    assert browser.value(at) == f"step {values[0]}"
    browser.point(*middle_of(browser, "#charts svg", share=0.58), click=True)
    assert browser.value(SHOWN) == [100, 0]
    browser.point(*middle_of(browser, "#charts svg", share=0.92))
    value, ended = browser.value(readouts)
    assert 180 <= int(value) <= 195
    assert ended == "–"
    browser.point(1, 1)
    assert browser.value(readouts) == ["200", "150"]


def test_curves_are_read_by_keyboard_too(browser):
    browser.value("document.querySelector('#charts svg').focus()")
    at = "document.querySelector('#charts .at').textContent"
    browser.press("ArrowLeft")
    assert browser.value(at) == "step 195"
    browser.press("Home")
    browser.press("ArrowRight")
    assert browser.value(at) == "step 5"


def test_quantities_runs_and_scales_are_chosen(browser):
    count = "document.querySelectorAll('#charts .chart:not([hidden])').length"
    click = "document.querySelector({!r}).click()"
    assert browser.value(count) == 3
    browser.value(click.format("[data-panel='1']"))
    assert browser.value(count) == 2
    lines = f"{RUN}.querySelectorAll('path.curve').length"
    assert browser.value(lines) == 2
    browser.value(click.format("[data-run='0']"))
    assert browser.value(lines) == 1
    line = f"{RUN}.querySelector('path.curve').getAttribute('d')"
    linear, remark = browser.value(line), f"{RUN}.querySelector('.remark').textContent"
    assert browser.value(remark) == ""
    browser.value(click.format("#log"))
    assert browser.value(line) != linear
    assert browser.value(remark) == "1 not above 0: not on this scale"
    browser.value("""(() => {
      const slider = document.querySelector('#smooth');
      slider.value = 9;
      slider.dispatchEvent(new Event('input', {bubbles: true}));
    })()""")
    assert browser.value(lines) == 2  # the mean, and the raw curve faintly under it
    points = "document.querySelectorAll('#charts .chart')[1].querySelectorAll('circle').length"
    assert browser.value(points) == 0  # marked are the points of short curves alone
    assert browser.errors == []


def test_a_picture_is_enlarged_and_closed_again(browser):
    browser.value("document.querySelector('.enlarge').click()")
    assert browser.value("document.querySelector('#large[open] img').alt").endswith("at step 200")
    browser.press("Escape")
    assert browser.value("document.querySelector('#large').open") is False


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_wide_and_small(chromium, address, width, scheme):
    chromium.open(address, width=width, scheme=scheme)
    assert chromium.value("document.documentElement.scrollWidth") <= width
    assert chromium.value("document.querySelector('#charts svg').getBoundingClientRect().width") <= width
    pixels = np.asarray(Image.open(io.BytesIO(chromium.picture())).convert("L"))
    assert pixels.shape[1] == width
    assert (pixels.mean() > 128) == (scheme == "light")
    assert (pixels[-1] > 128).all() == (scheme == "light")


def test_on_paper_it_is_light_unfolded_and_without_controls(chromium, address):
    chromium.open(address, scheme="dark")
    chromium.scheme("dark", media="print")
    assert chromium.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert chromium.value("getComputedStyle(document.querySelector('#controls')).display") == "none"
    chromium.value("dispatchEvent(new Event('beforeprint'))")
    assert chromium.value("document.querySelector('details').open") is True
    chromium.value("dispatchEvent(new Event('afterprint'))")
    assert chromium.value("document.querySelector('details').open") is False
    chromium.scheme("light")


def test_without_scripts_the_last_samples_and_all_numbers_are_there(chromium, address):
    chromium.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chromium.open(address)
        assert chromium.value(SHOWN) == [200, 200]
        assert chromium.value("getComputedStyle(document.querySelector('#controls')).display") == "none"
        assert "scripts are off" in chromium.value("document.querySelector('#curves').innerText")
    finally:
        chromium.call("Emulation.setScriptExecutionDisabled", value=False)
