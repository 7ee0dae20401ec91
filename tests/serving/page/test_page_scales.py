"""What ratings are given with on the web page, and how they are written there, on scales of all kinds."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from tests.serving.conftest import StartServer
from tests.serving.page import any_table
from tests.serving.page.browser import Browser, Locator, Page, expect, recommended, search, violations, visit

pytestmark = pytest.mark.slow  # test_page.py walks through the page for make test

Start = Callable[..., httpx.Client]
ITEM, OTHER = "B000A7", "-7"


@pytest.fixture(scope="module")
def start(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """`start(least, most, step)` gives a server of a model on that scale; the same one for the same scale."""
    servers: dict[tuple[float, float, float | None], httpx.Client] = {}

    def server(least: float, most: float, step: float | None) -> httpx.Client:
        scale = (least, most, step)
        if scale not in servers:
            servers[scale] = start_server(artifact=any_table.saved(tmp_path_factory.mktemp("scale"), *scale))
        return servers[scale]

    return server


def base(server: httpx.Client) -> str:
    return f"{str(server.base_url).rstrip('/')}/"


def choose(page: Page, item: str) -> Locator:
    """Find an item by the keyboard; the group its rating is given with."""
    search(page).fill(item)
    expect(page.get_by_role("option").first).to_have_text(item)
    search(page).press("Enter")
    return group(page, item)


def group(page: Page, item: str) -> Locator:
    return page.get_by_role("list", name="Items you know").get_by_role("group", name=item)


def given_in_reasons(page: Page) -> list[str]:
    """How the own ratings behind an explanation are written."""
    texts: list[str] = page.locator(".reasons .given").evaluate_all("all => all.map(e => e.textContent)")
    return sorted(texts)


def expect_folded_in(page: Page, server: httpx.Client, ratings: dict[str, float], *, decimals: int = 2) -> None:
    """The first item of the page is that which the server recommends for these ratings."""
    body = {"ratings": [{"item_id": item, "rating": rating} for item, rating in ratings.items()]}
    best = server.post("/v1/fold-in", json=body).json()["recommendations"][0]
    expect(recommended(page).first.locator(".title")).to_have_text(any_table.shown(best["item_id"]))
    written = f"{best['rating']:.{decimals}f}".replace("-", "−")
    expect(recommended(page).first.locator(".predicted strong")).to_have_text(written)


def test_halves_of_stars_are_given_by_keyboard_and_by_touch(browser: Browser, start: Start) -> None:
    server = start(0.5, 5, 0.5)
    url = base(server)
    with visit(browser, url) as page:
        stars = choose(page, ITEM)
        expect(stars.get_by_role("radio")).to_have_count(10)
        expect(stars.get_by_role("radio", name="0.5 stars")).to_be_focused()
        for key in ("Space", "ArrowRight", "ArrowRight"):
            page.keyboard.press(key)
        expect(stars.get_by_role("radio", name="1.5 stars")).to_be_checked()
        page.wait_for_url(f"{url}?rated={ITEM}-1.5")
        expect_folded_in(page, server, {ITEM: 1.5})
        box = stars.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 3.75 * 48 - 8, box["y"] + 22)  # margin of 8 px; within the right half of the fourth
        page.wait_for_url(f"{url}?rated={ITEM}-4")
        page.mouse.click(box["x"] + 4.25 * 48 - 8, box["y"] + 22)
        page.wait_for_url(f"{url}?rated={ITEM}-4.5")
        expect_folded_in(page, server, {ITEM: 4.5})

        inline = recommended(page).filter(has_text=OTHER).get_by_role("radio", name="3.5 stars")
        inline.focus()
        page.keyboard.press("Space")
        page.wait_for_url(f"{url}?rated={ITEM}-4.5_*17-3.5")
        expect(group(page, OTHER).get_by_role("radio", name="3.5 stars")).to_be_focused()
        recommended(page).first.get_by_role("button", name="Why?").click()
        expect(page.locator(".reasons .given")).to_have_count(2)
        assert given_in_reasons(page) == ["★ 3.5 stars for", "★ 4.5 stars for"]
        page.reload()
        expect(group(page, ITEM).get_by_role("radio", name="4.5 stars")).to_be_checked()
        expect(page.get_by_text("1.0 off")).to_have_count(0)
        expect(page.get_by_text("Predictions are 0.5 stars off")).to_be_visible()


@pytest.mark.parametrize(
    ("scale", "names"),
    [
        ((0, 10, 1), "0 1 2 3 4 5 6 7 8 9 10"),
        ((1, 10, 1), "1 2 3 4 5 6 7 8 9 10"),
        ((-1, 1, 1), "−1 0 1"),
        ((0, 1, 0.1), "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1"),
        ((0, 5, 1), "0 1 2 3 4 5"),
        ((1, 7, 1), "1 2 3 4 5 6 7"),
    ],
    ids=str,
)
def test_a_few_levels_are_buttons(
    browser: Browser, start: Start, scale: tuple[float, float, float], names: str
) -> None:
    server = start(*scale)
    url = base(server)
    with visit(browser, url, width=320) as page:
        levels = choose(page, ITEM)
        assert [name.strip() for name in levels.locator("label").all_inner_texts()] == names.split()
        page.keyboard.press("ArrowLeft")  # from nothing round to the last
        last = levels.get_by_role("radio").last
        expect(last).to_be_checked()
        expect(last).to_be_focused()
        page.wait_for_url(f"{url}?rated={ITEM}-{scale[1]}")
        levels.locator("label").nth(1).click()
        page.wait_for_url(f"{url}?rated={ITEM}-{names.split()[1].replace('−', '-')}")
        expect(levels.get_by_role("radio", checked=True)).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        sizes = levels.locator("label").evaluate_all("all => all.map(e => e.getBoundingClientRect().toJSON())")
        assert min(min(size["width"], size["height"]) for size in sizes) >= 44
        assert len({round(size["y"]) for size in sizes}) <= 2  # rows


def test_tenths_are_given_with_a_slider_or_as_a_number(browser: Browser, start: Start) -> None:
    server = start(0, 10, 0.1)
    url = base(server)
    with visit(browser, url) as page:
        given = choose(page, ITEM)
        slider, number = given.get_by_role("slider"), given.get_by_role("spinbutton", name="Number")
        expect(slider).to_be_focused()
        expect(slider).to_have_attribute("aria-valuetext", "not rated yet")
        expect(number).to_have_value("")
        assert page.url == url
        page.keyboard.press("Enter")  # where it stands
        page.wait_for_url(f"{url}?rated={ITEM}-5")
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.wait_for_url(f"{url}?rated={ITEM}-5.3")
        expect(slider).to_have_attribute("aria-valuetext", "5.3")
        expect(number).to_have_value("5.3")
        expect_folded_in(page, server, {ITEM: 5.3})
        page.keyboard.press("End")
        page.wait_for_url(f"{url}?rated={ITEM}-10")
        page.keyboard.press("Tab")
        expect(number).to_be_focused()
        page.keyboard.type("7.26")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{url}?rated={ITEM}-7.3")  # the nearest there is
        expect(number).to_have_value("7.3")
        expect(slider).to_have_value("7.3")
        expect_folded_in(page, server, {ITEM: 7.3})
        for wrong in ("10.1", "-1", "e"):
            number.fill("")
            number.press_sequentially(wrong)
            number.press("Tab")
            expect(given.get_by_role("alert")).to_have_text("Give a number in 0 … 10.")
            expect(number).to_have_attribute("aria-invalid", "true")
            number.fill("7.3")
            number.press("Enter")
            expect(given.get_by_role("alert")).to_have_text("")
        number.fill("")
        number.press("Tab")
        expect(number).to_have_value("7.3")
        page.goto(f"{url}?rated={ITEM}-7.3_{OTHER.replace('-', '*1')}-0.30000000000000004")
        page.wait_for_url(f"{url}?rated={ITEM}-7.3_*17-0.3")
        recommended(page).first.get_by_role("button", name="Why?").click()
        expect(page.locator(".reasons .given")).to_have_count(2)
        assert given_in_reasons(page) == ["0.3 for", "7.3 for"]
        for user in ("a/b", "%20x%20"):
            page.goto(f"{url}?user={user}")
            expect(page.get_by_text("Predictions are about 1.0 off")).to_be_visible()
            expect(recommended(page).first.locator(".predicted")).to_contain_text("of 10")
            recommended(page).first.get_by_role("button", name="Why?").click()
            expect(page.locator(".reasons .given").first).to_be_visible()
            assert all(re.fullmatch(r"\d+(\.\d)? for", text) for text in given_in_reasons(page))


def test_any_number_between_two_is_given_and_written_with_its_sign(browser: Browser, start: Start) -> None:
    server = start(-10, 10, None)
    url = base(server)
    with visit(browser, url) as page:
        given = choose(page, ITEM)
        slider, number = given.get_by_role("slider"), given.get_by_role("spinbutton", name="Number")
        slider.click(position={"x": 0, "y": 20})
        page.wait_for_url(f"{url}?rated={ITEM}--10")
        expect(slider).to_have_attribute("aria-valuetext", "−10")
        number.fill("-3.14159")
        number.press("Enter")
        page.wait_for_url(f"{url}?rated={ITEM}--3.14159")
        expect(slider).to_have_attribute("aria-valuetext", "−3.14159")
        expect_folded_in(page, server, {ITEM: -3.14159})
        page.reload()
        expect(number).to_have_value("-3.14159")
        slider.press("ArrowRight")  # to the next tenth
        page.wait_for_url(f"{url}?rated={ITEM}--3")
        body = {"ratings": [{"item_id": ITEM, "rating": -3}], "n": 20}
        answer = server.post("/v1/fold-in", json=body).json()["recommendations"]
        expect(recommended(page).nth(9)).to_be_visible()
        page.get_by_role("button", name="Show more items").click()
        expect(recommended(page)).to_have_count(len(answer))
        expect(recommended(page).locator(".predicted")).to_have_text(
            [f"Predicted rating {item['rating']:.2f} on −10 … 10".replace("g -", "g −") for item in answer]
        )
        assert any(item["rating"] < 0 for item in answer)
        adds_up(page)


def adds_up(page: Page) -> None:
    """The parts that are printed of a rating are, together, the one that is printed below them."""
    for item in recommended(page).all():
        item.get_by_role("button", name="Why?").click()
        why = item.get_by_role("table")
        expect(why).to_be_visible()
        *parts, total = hundredths(why)
        assert sum(parts) == total


def hundredths(why: Locator) -> list[int]:
    texts = [*why.locator("tr:not(.sum) .number").all_inner_texts(), why.locator(".sum .number").first.inner_text()]
    return [round(100 * float(text.replace("−", "-"))) for text in texts]


@pytest.mark.parametrize(
    ("scale", "decimals", "error", "of"),
    [
        ((0, 100, None), 1, "10", "of 100"),
        ((0, 1, None), 3, "0.10", "of 1"),
        ((1, 5, None), 2, "0.4", "of 5"),
        ((1, 1_000_000, 1), 0, "100000", "of 1000000"),
    ],
    ids=str,
)
def test_numbers_are_as_fine_as_the_scale(
    browser: Browser, start: Start, scale: tuple[float, float, float | None], decimals: int, error: str, of: str
) -> None:
    server = start(*scale)
    url = base(server)
    with visit(browser, url) as page:
        given = choose(page, ITEM)
        page.keyboard.press("End")
        page.wait_for_url(f"{url}?rated={ITEM}-{scale[1]}")
        expect(given.get_by_role("spinbutton")).to_have_value(str(scale[1]))
        expect_folded_in(page, server, {ITEM: scale[1]}, decimals=decimals)
        expect(recommended(page).first.locator(".predicted")).to_contain_text(of)
        expect(page.get_by_text(f"Predictions are {error} off")).to_be_visible()


def test_what_is_no_stars_is_rated_above_the_list_and_taken_back_there(browser: Browser, start: Start) -> None:
    url = base(start(0, 10, 0.1))
    with visit(browser, url, width=390, height=844) as page:
        expect(recommended(page)).to_have_count(10)
        assert recommended(page).get_by_role("radio").count() == 0
        item = recommended(page).filter(has=page.get_by_text(ITEM, exact=True))
        item.get_by_role("button", name=f"Rate it {ITEM}", exact=True).click()
        expect(group(page, ITEM).get_by_role("slider")).to_be_focused()
        expect(group(page, ITEM).get_by_role("slider")).to_be_in_viewport()
        page.keyboard.press("ArrowRight")
        page.wait_for_url(f"{url}?rated={ITEM}-5.1")
        expect(item).to_have_count(0)
        page.get_by_role("button", name=f"Remove {ITEM}").click()
        expect(page.get_by_role("heading", name="What most people like")).to_be_visible()
        assert page.url == url


@pytest.mark.parametrize("scale", [(0.5, 5, 0.5), (0, 10, 1), (0, 10, 0.1), (-10, 10, None)], ids=str)
def test_all_of_them_are_accessible_in_light_and_dark(
    browser: Browser, start: Start, scale: tuple[float, float, float | None]
) -> None:
    with visit(browser, base(start(*scale))) as page:
        choose(page, ITEM)
        page.keyboard.press("ArrowRight")
        expect(page.get_by_text("From your one rating")).to_be_visible()
        choose(page, OTHER)
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, "color-contrast", "target-size") == []
