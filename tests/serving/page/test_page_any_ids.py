"""The web page where ids are odd text or great numbers, and items have no titles."""

from __future__ import annotations

import re
from urllib.parse import quote_plus

import httpx
import numpy as np
import pytest

from recsys import artifact
from tests.serving import films
from tests.serving.conftest import StartServer
from tests.serving.page import any_table
from tests.serving.page.any_table import GREATEST, ITEMS, USERS, shown
from tests.serving.page.browser import (
    Browser,
    Page,
    expect,
    genre,
    options,
    recommended,
    search,
    violations,
    visit,
)

pytestmark = pytest.mark.slow  # test_page.py walks through the page for make test


@pytest.fixture(scope="module")
def server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> httpx.Client:
    """Odd text as ids, no titles, whole stars."""
    root = tmp_path_factory.mktemp("text")
    return start_server(artifact=any_table.saved(root, 1, 5, 1, table=any_table.attributes()))


@pytest.fixture(scope="module")
def great(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> httpx.Client:
    """Numbers as ids that JavaScript's own numbers do not hold."""
    root = tmp_path_factory.mktemp("great")
    users, items = np.array([-GREATEST, 7, GREATEST]), np.array([-5, 2**53, 2**53 + 1, GREATEST - 1, GREATEST])
    return start_server(artifact=any_table.saved(root, 1, 5, 1, users=users, items=items))


def base(server: httpx.Client) -> str:
    return f"{str(server.base_url).rstrip('/')}/"


def titles(page: Page) -> list[str]:
    texts: list[str] = recommended(page).locator("h3 .title").evaluate_all("all => all.map(e => e.textContent)")
    return texts


@pytest.mark.parametrize("user", USERS)
def test_every_user_is_reached_by_address_and_by_typing(browser: Browser, server: httpx.Client, user: str) -> None:
    url = base(server)
    answer = server.get("/v1/recommendations", params={"user_id": user}).json()
    with visit(browser, f"{url}?user={quote_plus(user)}") as page:
        heading = page.get_by_role("heading", level=2, name="Items for user")
        expect(heading).to_be_visible()
        assert heading.evaluate("e => e.textContent") == f"Items for user {shown(user)}"
        expect(recommended(page)).to_have_count(len(answer["recommendations"]))
        assert titles(page) == [shown(item["item_id"]) for item in answer["recommendations"]]
        page.get_by_role("button", name="Show items").click()  # the field may have dropped a line break
        recommended(page).first.get_by_role("button", name="Why?").click()
        expect(page.get_by_role("table", name="How the rating comes about")).to_be_visible()
        assert page.get_by_role("alert").count() == 0
        if "\n" not in user:  # no field takes it
            page.goto(f"{url}?users=")
            page.get_by_label("Id of the user").fill(user)
            page.get_by_role("button", name="Show items").click()
            expect(heading).to_be_visible()
            assert page.url == f"{url}?user={quote_plus(user)}"
            expect(recommended(page).first).to_be_visible()
            assert page.get_by_role("alert").count() == 0


@pytest.mark.parametrize("item", ITEMS)
def test_every_item_is_rated_asked_for_and_passed_on(browser: Browser, server: httpx.Client, item: str) -> None:
    url = base(server)
    other = ITEMS[1] if item != ITEMS[1] else ITEMS[2]
    body = {"ratings": [{"item_id": item, "rating": 5}], "item_ids": [other]}
    answer = server.post("/v1/fold-in", json=body).json()
    with visit(browser, url) as page:
        expect(recommended(page)).to_have_count(10)
        if item.strip():
            search(page).fill(item[:200])
            options(page).filter(has_text=re.compile(f"^{re.escape(shown(item))}$")).click()
            page.get_by_role("list", name="Items you know").get_by_text("5 stars").locator("..").click()
        else:  # nobody can search for nothing
            title = page.locator("h3 .title", has_text=re.compile(f"^{re.escape(shown(item))}$"))
            recommended(page).filter(has=title).get_by_text("5 stars").locator("..").click()
        expect(page.get_by_text("From your one rating")).to_be_visible()
        expect(recommended(page).first.locator(".predicted strong")).to_have_text(
            f"{answer['recommendations'][0]['rating']:.2f}"
        )
        assert titles(page) == [shown(each["item_id"]) for each in answer["recommendations"]]
        recommended(page).first.get_by_role("button", name="Why?").click()
        expect(page.locator(".reasons .title")).to_be_visible()
        assert page.locator(".reasons .title").evaluate("e => e.textContent") == shown(item)
        page.goto(f"{page.url}&film={quote_plus(other)}")
        expect(page.get_by_role("list", name="Items you know").get_by_role("listitem")).to_have_count(1)
        expect(page.get_by_role("list", name="Items you know").get_by_role("radio", name="5 stars")).to_be_checked()
        expect(page.locator(".answer:visible .predicted strong")).to_have_text(
            f"{answer['predictions'][0]['rating']:.2f}"
        )
        assert page.locator(".answer:visible h3 .title").evaluate("e => e.textContent") == shown(other)
        assert page.get_by_role("alert").count() == 0


def test_ratings_of_items_whose_ids_hold_what_separates_them_are_passed_on(
    browser: Browser, server: httpx.Client
) -> None:
    url = base(server)
    with visit(browser, f"{url}?rated=x*1y*2z*00~-4_*17-2_-3_..-1_nobody-5_B000A7-x") as page:
        expect(page.get_by_text("From your 4 ratings")).to_be_visible()
        assert page.url == f"{url}?rated=x*1y*2z*00%7E-4_*17-2_-3_..-1"
        titles_of_rated = page.locator(".rated .title").evaluate_all("all => all.map(e => e.textContent)")
        assert titles_of_rated == ["..", "“”", "-7", "x-y_z*0~"]


def test_what_items_have_beside_ids_is_listed_and_no_genre_asked_for(browser: Browser, server: httpx.Client) -> None:
    url = base(server)
    with visit(browser, f"{url}?user=a%2Fb&film=") as page:
        answer = page.locator(".answer:visible")
        expect(answer.locator("dt")).to_have_text(["pages", "publisher", "in_print", "shelves"])
        expect(answer.locator("dd")).to_have_text(["100", "<i>Faber</i>", "yes", "poetry, drama"])
        expect(answer.locator(".title")).to_have_text("“”")
        expect(genre(page)).to_be_hidden()
        page.goto(f"{url}?user=a%2Fb&film=-7")
        expect(answer.locator("dt")).to_have_text(["pages", "in_print", "shelves"])
        page.goto(f"{url}?user=a%2Fb&genre=Polka")  # of an address; it can be taken back
        expect(page.get_by_role("alert")).to_contain_text("No item has the genre 'Polka'")
        genre(page).select_option("")
        expect(recommended(page).first).to_be_visible()
        expect(genre(page)).to_be_hidden()


def test_the_page_speaks_of_items_and_ids_and_gives_movielens_no_credit(browser: Browser, server: httpx.Client) -> None:
    with visit(browser, base(server)) as page:
        expect(recommended(page)).to_have_count(10)
        expect(page.get_by_role("heading", level=1)).to_have_text("What next?")
        expect(page.get_by_role("combobox").first).to_have_attribute("placeholder", "Part of an id")
        expect(page.get_by_role("contentinfo")).not_to_contain_text("MovieLens", use_inner_text=True)
        page.get_by_role("tab", name="By user id").click()
        expect(page.get_by_text("Type the id of a user")).to_be_visible()
        expect(page.get_by_text("There are 8 users; every character of an id counts")).to_be_visible()
        page.get_by_role("button", name="Pick anyone").click()
        expect(recommended(page).first).to_be_visible()
        assert "film" not in page.locator("body").inner_text().lower()
        page.get_by_label("Id of the user").fill("A/B")
        page.get_by_role("button", name="Show items").click()
        expect(page.get_by_role("alert")).to_contain_text("There is no user A/B. Try another id")
        search_of_item = page.get_by_role("combobox", name="What would")
        page.goto(f"{base(server)}?user=a%2Fb")
        search_of_item.fill("nothing")
        expect(page.get_by_text("No id has “nothing”.")).to_be_visible()


def test_numbers_of_64_bits_stay_what_they_are(browser: Browser, great: httpx.Client) -> None:
    url = base(great)
    body = {"ratings": [{"item_id": 2**53 + 1, "rating": 5}, {"item_id": -5, "rating": 2}]}
    answer = great.post("/v1/fold-in", json=body).json()
    with visit(browser, f"{url}?user={GREATEST}&film={GREATEST - 1}") as page:
        expect(page.get_by_role("heading", name=f"Items for user {GREATEST}")).to_be_visible()
        expect(page.locator(".answer:visible .title")).to_have_text(str(GREATEST - 1))
        page.get_by_role("combobox", name="What would").fill(str(2**53))
        options(page).first.click()
        page.wait_for_url(f"**/?user={GREATEST}&film={2**53}")
        page.goto(f"{url}?rated={2**53 + 1}-5_*15-2&film={GREATEST}")
        expect(page.get_by_text("From your 2 ratings")).to_be_visible()
        expect(recommended(page)).to_have_count(3)
        assert titles(page) == [str(each["item_id"]) for each in answer["recommendations"]]
        recommended(page).first.get_by_role("button", name="Why?").click()
        expect(page.locator(".reasons .title")).to_have_count(2)
        assert {*page.locator(".reasons .title").all_inner_texts()} == {str(2**53 + 1), "-5"}
        assert page.url == f"{url}?rated={2**53 + 1}-5_*15-2&film={GREATEST}"
        assert page.get_by_role("alert").count() == 0


def test_the_wrong_kind_of_id_is_told_plainly(browser: Browser, great: httpx.Client) -> None:
    url = base(great)
    with visit(browser, f"{url}?user=7&film=seven") as page:
        expect(page.get_by_role("alert")).to_contain_text("“seven” is no item’s number.")
        page.get_by_label("Number of the user").fill("seven")
        page.get_by_role("button", name="Show items").click()
        alert = page.locator("#user-problem").get_by_role("alert")
        expect(alert).to_contain_text("That is no user’s number. Write it with digits only")
        page.get_by_label("Number of the user").fill("9" * 19)
        page.get_by_role("button", name="Show items").click()
        expect(alert).to_contain_text(f"There is no user {'9' * 19}.")
        page.goto(f"{url}?user=")  # numbers are never empty
        expect(page.get_by_text("Type the number of a user")).to_be_visible()
        assert page.get_by_role("alert").count() == 0


def test_films_by_text_ids_keep_titles_years_and_genres(
    browser: Browser, start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    arrays = films.arrays("LinearNetwork")
    for side, n in (("user", 6), ("item", 5)):
        del arrays[f"{side}_ids"]
        arrays |= artifact.id_arrays(side, any_table.text([f"{side}/{place}" for place in range(n)]))
    root = tmp_path_factory.mktemp("films")
    url = base(start_server(artifact=artifact.save(root, films.manifest("LinearNetwork"), arrays, films.ITEMS)))
    with visit(browser, f"{url}?user=user%2F0&film=item%2F3&genre=Sci-Fi") as page:
        expect(recommended(page).locator("h3")).to_have_text(["The Empire Strikes Back (1980)", "Starman (1984)"])
        expect(genre(page)).to_have_value("Sci-Fi")
        expect(page.locator(".answer:visible h3")).to_have_text("Brief Encounter")
        expect(page.locator(".answer:visible dl")).to_have_count(0)
        page.get_by_role("combobox", name="What would").fill("star")
        expect(options(page)).to_have_text(["Star Wars (1977)", "Starman (1984)"])


def test_odd_ids_leave_the_page_accessible_and_as_narrow_as_a_phone(browser: Browser, server: httpx.Client) -> None:
    url = base(server)
    for width in (320, 1200):
        with visit(browser, url, width=width) as page:
            for address in ("", f"?user=line%0Abreak&film={'i' * 500}", f"?rated={'i' * 500}-3_-2&film="):
                page.goto(f"{url}{address}")
                expect(recommended(page).first.get_by_role("button", name="Why?")).to_be_visible()
                if address:
                    expect(page.locator(".answer:visible h3")).to_be_visible()
                assert page.evaluate("document.documentElement.scrollWidth") == width
                assert violations(page) == []
