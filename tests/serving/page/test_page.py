"""The web page, in a real browser on a real server: whole journeys."""

from __future__ import annotations

import httpx
import pytest

from tests.serving.films import HOSTILE
from tests.serving.page.browser import (
    Browser,
    Locator,
    Page,
    expect,
    genre,
    options,
    recommended,
    search,
    violations,
    visit,
)


@pytest.fixture(scope="module")
def server(many_films_server: httpx.Client) -> httpx.Client:
    return many_films_server


@pytest.fixture(scope="module")
def url(server: httpx.Client) -> str:
    return f"{str(server.base_url).rstrip('/')}/"


def titles(answer: httpx.Response) -> list[str]:
    return [film["display_title"] for film in answer.json()["recommendations"]]


def test_a_users_films_can_be_read_filtered_unfolded_and_passed_on(
    browser: Browser, server: httpx.Client, url: str
) -> None:
    with visit(browser, url) as page:
        page.get_by_role("tab", name="By user number").click()
        expect(page.get_by_text("Type the number of a user")).to_be_visible()
        page.get_by_label("Number of the user").fill("1")
        page.get_by_role("button", name="Show films").click()
        expect(page.get_by_role("heading", name="Films for user 1")).to_be_visible()
        expect(page.get_by_text("Has rated 2 films, with 3.5 on average")).to_be_visible()
        expect(page.get_by_text("10 of 23 films")).to_be_visible()
        everything = titles(server.get("/v1/users/1/recommendations?n=23"))
        expect(recommended(page).locator("h3 .title")).to_have_text(everything[:10])
        expect(recommended(page).first.locator(".predicted")).to_contain_text("5.00 of 5")
        expect(recommended(page).nth(1).locator(".predicted")).to_contain_text("3.70 of 5")

        page.get_by_role("button", name="Show more").click()
        expect(recommended(page).nth(10).get_by_role("button")).to_be_focused()
        page.get_by_role("button", name="Show more").click()
        expect(recommended(page).locator("h3 .title")).to_have_text(everything)
        expect(page.get_by_role("button", name="Show more")).to_be_hidden()

        page.get_by_role("button", name="Why? The Empire Strikes Back").click()
        why = page.get_by_role("table", name="How the rating comes about")
        expect(why.locator(".number")).to_have_text(["3.50", "+0.10", "+0.50", "+1.00", "5.10", "5.00"])
        expect(page.locator(".reasons .title")).to_have_text(["Amélie (2001)", "Star Wars (1977)"])
        expect(page.locator(".reasons .says")).to_have_text(["disliked, and very different", "liked, and similar"])

        genre(page).select_option("Sci-Fi")
        expect(recommended(page).locator("h3 .title")).to_have_text(["The Empire Strikes Back", "Starman"])
        assert page.url == f"{url}?user=1&genre=Sci-Fi"
        page.go_back()
        expect(recommended(page)).to_have_count(10)
        expect(genre(page)).to_have_value("")
        page.go_back()
        expect(page.get_by_text("Type the number of a user")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("heading", name="What most people like")).to_be_visible()
    with visit(browser, f"{url}?user=1&genre=Sci-Fi&film=13") as page:
        expect(recommended(page).locator("h3 .title")).to_have_text(["The Empire Strikes Back", "Starman"])
        expect(page.locator(".answer:visible")).to_contain_text("Brief Encounter")
        expect(page.locator(".answer:visible .predicted")).to_contain_text("2.90 of 5by the model")
        assert page.title() == "Films for user 1, Sci-Fi – recsys"
        page.get_by_role("button", name="Pick anyone").click()
        page.wait_for_url(lambda address: "film=13" not in address)
        expect(page.get_by_role("heading", name="Films for user")).to_be_visible()


STAR_WARS_LIKED = {"ratings": [{"item_id": 11, "rating": 5}]}


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def stars(page: Page, film: str) -> Locator:
    """The stars of a film that was seen, by the beginning of its title."""
    return page.get_by_role("list", name="Films you have seen").get_by_role("group", name=f"Stars for {film}")


def test_a_newcomer_finds_and_rates_a_film_with_the_keyboard_alone(
    browser: Browser, server: httpx.Client, url: str
) -> None:
    with visit(browser, url) as page:
        expect(recommended(page)).to_have_count(10)
        press(page, "Tab")
        expect(page.get_by_role("link", name="Skip to the recommendations")).to_be_focused()
        press(page, "Tab", "ArrowRight")
        expect(page.get_by_role("tab", name="By user number")).to_be_focused()
        assert page.url == f"{url}?users="
        press(page, "ArrowRight")  # round to the first
        expect(page.get_by_role("tab", name="For you")).to_be_focused()
        press(page, "Tab")
        expect(search(page)).to_be_focused()
        page.keyboard.type("star")
        expect(options(page)).to_have_text(["Star Wars (1977)", "Starman (1984)"])
        expect(search(page)).to_have_attribute("aria-expanded", "true")
        press(page, "ArrowUp")
        expect(options(page, selected=True)).to_have_text("Starman (1984)")
        press(page, "ArrowDown")
        expect(options(page, selected=True)).to_have_text("Star Wars (1977)")
        press(page, "Enter")
        expect(page.get_by_role("listbox")).to_be_hidden()
        star_wars = stars(page, "Star Wars")
        expect(star_wars.get_by_role("radio", name="1 star", exact=True)).to_be_focused()
        expect(page.get_by_role("heading", name="What most people like")).to_be_visible()
        press(page, "ArrowLeft")  # from nothing round to the fifth
        expect(star_wars.get_by_role("radio", name="5 stars")).to_be_checked()
        expect(recommended(page).locator("h3 .title")).to_have_text(
            titles(server.post("/v1/fold-in", json=STAR_WARS_LIKED))
        )
        assert page.url == f"{url}?rated=11-5"


def test_a_newcomer_asks_why_and_rates_what_is_recommended_with_the_keyboard_alone(
    browser: Browser, server: httpx.Client, url: str
) -> None:
    with visit(browser, f"{url}?rated=11-5") as page:
        page.get_by_role("button", name="Why? The Empire Strikes Back").focus()
        press(page, "Enter")
        expect(page.get_by_role("button", name="Why? The Empire Strikes Back")).to_have_attribute(
            "aria-expanded", "true"
        )
        answer = server.post("/v1/fold-in/explanation", json=STAR_WARS_LIKED | {"item_id": 12}).json()
        reason = page.locator(".reasons li")
        expect(reason.locator(".title")).to_have_text("Star Wars (1977)")
        expect(reason.locator(".number")).to_have_text(f"+{answer['contributions'][0]['contribution']:.2f}")
        empire = stars(page, "The Empire")
        press(page, "Tab", "Space")  # the first star of the same film
        expect(empire.get_by_role("radio", name="1 star", exact=True)).to_be_focused()
        press(page, "ArrowRight")
        expect(page.get_by_text("From your 2 ratings")).to_be_visible()
        assert page.url == f"{url}?rated=11-5_12-2"
        page.reload()
        expect(stars(page, "Star Wars").get_by_role("radio", name="5 stars")).to_be_checked()
        expect(empire.get_by_role("radio", name="2 stars")).to_be_checked()


def test_a_newcomer_takes_ratings_back_with_the_keyboard_alone(browser: Browser, url: str) -> None:
    with visit(browser, f"{url}?rated=11-5_12-2") as page:
        expect(stars(page, "Star Wars").get_by_role("radio", name="5 stars")).to_be_checked()
        expect(stars(page, "The Empire").get_by_role("radio", name="2 stars")).to_be_checked()
        page.get_by_role("button", name="Remove Star Wars").focus()
        press(page, "Enter")
        expect(page.get_by_role("button", name="Remove The Empire")).to_be_focused()
        expect(page.get_by_text("From your one rating")).to_be_visible()
        press(page, "Enter")
        expect(search(page)).to_be_focused()
        expect(page.get_by_role("heading", name="What most people like")).to_be_visible()


def test_a_newcomer_is_asked_for_films_rates_one_and_passes_over_one_with_the_keyboard_alone(
    browser: Browser, server: httpx.Client, url: str
) -> None:
    asked = page_of_questions(server)
    with visit(browser, url) as page:
        questions = page.locator(".questions .title")
        expect(questions).to_have_text(asked)
        page.get_by_role("button", name=f"Not seen: {asked[0]}").press("Enter")
        expect(questions).to_have_text(asked[1:])
        expect(page.get_by_role("button", name=f"Not seen: {asked[1]}")).to_be_focused()
        page.get_by_role("button", name=asked[1], exact=True).press("Enter")
        expect(questions).to_have_text(asked[2:])
        press(page, "Space")  # the first star
        expect(page.get_by_text("From your one rating")).to_be_visible()
        expect(questions).to_have_count(2)


def page_of_questions(server: httpx.Client) -> list[str]:
    """The films that who has rated nothing is asked for: all that anybody rated."""
    items = server.post("/v1/fold-in/next", json={"ratings": [], "n": 6}).json()["items"]
    assert len(items) == 4
    return [item["display_title"] for item in items]


def test_a_newcomer_asks_for_a_rating_and_leaves_a_search_with_the_keyboard_alone(browser: Browser, url: str) -> None:
    with visit(browser, f"{url}?rated=11-1") as page:
        page.get_by_role("combobox", name="What would you give to …").focus()
        page.keyboard.type("brief")
        expect(options(page)).to_have_count(1)
        press(page, "Enter")
        expect(page.locator(".answer:visible .predicted")).to_contain_text("from your ratings")
        expect(page.locator(".answer:visible h3")).to_be_visible()
        search(page).focus()
        page.keyboard.type("wars")
        expect(page.get_by_role("listbox")).to_be_visible()
        press(page, "Escape")
        expect(page.get_by_role("listbox")).to_be_hidden()
        press(page, "Escape")
        expect(search(page)).to_have_value("")


def test_a_title_is_text_and_nothing_else(browser: Browser, url: str) -> None:
    with visit(browser, f"{url}?rated=100-5") as page:
        expect(page.get_by_role("list", name="Films you have seen")).to_contain_text(HOSTILE)
        page.get_by_role("combobox", name="Find a film you have seen").fill("<img")
        expect(options(page)).to_have_text(f"{HOSTILE} (1999)")
        page.goto(f"{url}?user=1&film=100&genre=Sequel")
        expect(recommended(page).first.locator(".title")).to_have_text(HOSTILE)
        expect(page.locator(".answer:visible .title")).to_have_text(HOSTILE)
        recommended(page).first.get_by_role("button").click()
        expect(page.get_by_role("table")).to_be_visible()
        page.goto(f"{url}?user=%3Cimg%20src%3Dx%3E&genre=%3Cb%3E")
        expect(page.get_by_role("alert")).to_contain_text("That is no user’s number.")
        assert page.locator("main img, main script, main b").count() == 0
        assert "broken" not in page.title()


@pytest.mark.slow
def test_nothing_is_inaccessible_or_low_in_contrast_in_light_and_dark(browser: Browser, url: str) -> None:
    def check(page: Page) -> None:
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 20, 18)"
        assert violations(page, "color-contrast") == []
        page.emulate_media(color_scheme="light")

    with visit(browser, url) as page:
        expect(recommended(page)).to_have_count(10)
        expect(recommended(page).last.get_by_role("group")).to_be_visible()
        check(page)
        page.goto(f"{url}?user=99")
        expect(page.get_by_role("alert")).to_be_visible()
        check(page)
        page.goto(f"{url}?user=1&film=13")
        recommended(page).first.get_by_role("button").click()
        expect(page.locator(".reasons")).to_be_visible()
        expect(page.locator(".answer:visible h3")).to_be_visible()
        check(page)
        page.goto(f"{url}?rated=11-5_10-2")
        recommended(page).first.get_by_role("button").first.click()
        expect(page.locator(".reasons")).to_be_visible()
        search(page).fill("star")
        expect(options(page).first).to_be_visible()
        search(page).press("ArrowDown")
        expect(options(page, selected=True)).to_be_visible()
        check(page)


def test_on_a_narrow_phone_everything_fits_and_can_be_hit(browser: Browser, url: str) -> None:
    touched = "button, input, select, .stars label, [role=option]"
    too_small = f"""[...document.querySelectorAll("{touched}")].filter((e) => e.checkVisibility())
        .map((e) => [e.outerHTML, e.getBoundingClientRect()])
        .filter(([, {{width, height}}]) => width < 44 || height < 44)
        .map(([html]) => html)"""
    with visit(browser, url, width=320, height=568) as page:
        for address in ("", "?user=1&film=101&genre=Sequel", "?users=", "?rated=101-3_11-5", "?user=99"):
            page.goto(f"{url}{address}")
            expect(page.get_by_text("Asking the server …")).to_be_hidden()
            if "=1" in address:
                recommended(page).first.get_by_role("button").first.click()
                expect(page.get_by_role("table")).to_be_visible()
                search(page).fill("supercali")
                expect(options(page)).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") == 320
            assert page.evaluate(too_small) == []
        page.goto(f"{url}?users=")
        page.get_by_label("Number of the user").fill("1")
        page.get_by_role("button", name="Show films").click()
        expect(page.get_by_role("heading", name="Films for user 1")).to_be_in_viewport()


def test_the_footer_names_the_model(browser: Browser, server: httpx.Client, url: str) -> None:
    with visit(browser, url) as page:
        footer = page.get_by_role("contentinfo")
        expect(footer).to_contain_text(f"LinearNetwork, version {server.get('/v1/model').json()['version']}")
        expect(footer).to_contain_text("Test RMSE 0.9000")
        expect(footer).to_contain_text("Harper and Joseph A. Konstan")
        assert page.get_by_role("link", name="HTTP interface").evaluate("a => a.href") == f"{url}docs"
