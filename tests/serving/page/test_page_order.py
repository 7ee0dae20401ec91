"""The page orders films by relevance or by rating, and says why a film is there."""

from __future__ import annotations

import httpx
import pytest

from recsys import artifact
from tests.serving import films
from tests.serving.conftest import StartServer
from tests.serving.page.browser import Browser, expect, recommended, violations, visit

KIND = "LinearNetwork"


@pytest.fixture(scope="module")
def url(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("relevant")
    arrays = films.arrays(KIND) | films.relevance()
    server: httpx.Client = start_server(artifact=artifact.save(root, films.manifest(KIND), arrays, films.ITEMS))
    return f"{str(server.base_url).rstrip('/')}/"


def test_the_order_can_be_chosen_passed_on_and_taken_back(browser: Browser, url: str) -> None:
    with visit(browser, f"{url}?user=1") as page:
        titles = recommended(page).locator("h3 .title")
        expect(titles).to_have_text(["Brief Encounter", "The Empire Strikes Back", "Starman"])
        expect(page.get_by_text("what is likely to be chosen and liked first")).to_be_visible()
        assert violations(page) == []
        page.locator(".panel:visible").get_by_label("Order").select_option("Highest rating first")
        expect(titles).to_have_text(["The Empire Strikes Back", "Starman", "Brief Encounter"])
        expect(page.get_by_text("the highest predicted rating first")).to_be_visible()
        assert page.url == f"{url}?user=1&order=rating"
        page.go_back()
        expect(titles).to_have_text(["Brief Encounter", "The Empire Strikes Back", "Starman"])
        page.goto(f"{url}?user=1&order=nonsense")
        expect(titles).to_have_text(["Brief Encounter", "The Empire Strikes Back", "Starman"])


def test_a_film_says_which_of_the_persons_own_it_is_chosen_with(browser: Browser, url: str) -> None:
    with visit(browser, f"{url}?rated=11-5_10-2") as page:
        because = recommended(page).locator(".because")
        expect(because).to_have_text(
            [
                "People who know Amélie (2001) choose this, too.",
                "People who like Star Wars (1977) choose this, too.",
                "People who like Star Wars (1977) choose this, too.",
            ]
        )
        page.get_by_role("button", name="Why? The Empire Strikes Back").click()
        expect(page.locator(".why:visible")).to_contain_text("Those who rated these of your films rated it, too")
        expect(page.locator(".why:visible")).to_contain_text("Star Wars (1977).")


def test_where_there_is_one_order_there_is_no_choice(browser: Browser, films_server: httpx.Client) -> None:
    with visit(browser, f"{str(films_server.base_url).rstrip('/')}/?user=1") as page:
        expect(recommended(page)).to_have_count(3)
        expect(page.locator(".panel:visible .order")).to_be_hidden()
