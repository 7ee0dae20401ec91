"""The web page where something is wrong: a late answer, an address, a server that fails, is gone or asks for a key."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving.conftest import StartProcess
from tests.serving.page.browser import Browser, expect, genre, options, recommended, search, violations, visit

pytestmark = pytest.mark.slow  # test_page.py walks through the page for make test

KEY = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def url(many_films_server: httpx.Client) -> str:
    return f"{str(many_films_server.base_url).rstrip('/')}/"


def test_an_answer_that_comes_too_late_is_not_shown(browser: Browser, url: str) -> None:
    with visit(browser, url) as page:
        held: list[Any] = []
        page.route("**/v1/items?query=amel*", lambda route: held.append(route))
        with page.expect_request("**/v1/items?query=amel*"):
            search(page).fill("amel")
        search(page).fill("starm")
        expect(options(page)).to_have_text("Starman (1984)")
        held[0].continue_()
        search(page).press("Shift")  # a round trip later
        expect(options(page)).to_have_text("Starman (1984)")
        search(page).fill("no such film")
        expect(page.get_by_text("No title has “no such film”.")).to_be_visible()


def test_wrong_numbers_and_addresses_are_told_in_plain_words(browser: Browser, url: str) -> None:
    with visit(browser, f"{url}?user=99") as page:
        expect(page.get_by_role("alert")).to_contain_text("There is no user 99.")
        expect(page.get_by_label("Number of the user")).to_have_attribute("aria-invalid", "true")
        page.get_by_label("Number of the user").fill("one")
        page.get_by_role("button", name="Show films").click()
        expect(page.get_by_role("alert")).to_contain_text("That is no user’s number.")
        page.get_by_label("Number of the user").fill("6")
        page.get_by_role("button", name="Show films").click()
        expect(page.get_by_text("Has not rated any film.")).to_be_visible()
        assert page.get_by_role("alert").count() == 0
        page.goto(f"{url}?user=1&genre=Polka&film=999")
        expect(page.get_by_role("alert").filter(has_text="no item has the genre 'Polka'")).to_be_visible()
        expect(page.get_by_role("alert").filter(has_text="the model knows no item 999")).to_be_visible()
        page.goto(f"{url}?user=..&film=x")
        expect(page.get_by_role("alert")).to_contain_text("That is no user’s number.")
        page.goto(f"{url}?rated=11-5_999-3_10-77_x_-1-4")  # an unknown film, a rating off the scale, and no ratings
        expect(page.get_by_text("From your one rating")).to_be_visible()
        assert page.url == f"{url}?rated=11-5"


def test_a_server_that_fails_is_told_of_with_the_requests_id(browser: Browser, url: str) -> None:
    with visit(browser, f"{url}?user=1") as page:
        expect(recommended(page)).to_have_count(10)
        headers = {"X-Request-ID": "request-1"}
        page.route("**/explanation?*", lambda route: route.fulfill(status=500, body="{}", headers=headers))
        recommended(page).first.get_by_role("button").click()
        expect(page.get_by_role("alert")).to_contain_text("The server failed. Its log says why under request-1.")
        page.unroute("**/explanation?*")
        page.route("**/explanation?*", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("alert")).to_contain_text("The server failed.")
        page.unroute("**/explanation?*")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("table")).to_be_visible()


def test_a_server_that_goes_away_is_missed_and_found_again(
    browser: Browser, start_process: StartProcess, many_films: Path
) -> None:
    gone = start_process(artifact=many_films)
    url = f"{gone.client.base_url}/"
    with visit(browser, f"{url}?user=1") as page:
        expect(recommended(page)).to_have_count(10)
        gone.process.send_signal(signal.SIGTERM)
        gone.process.wait(timeout=20)
        genre(page).select_option("Sci-Fi")
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
        start_process(artifact=many_films, port=gone.client.base_url.port)
        page.get_by_role("button", name="Try again").click()
        expect(recommended(page)).to_have_count(2)
        assert page.get_by_role("alert").count() == 0


def test_a_server_without_a_model_is_asked_again(
    browser: Browser, start_process: StartProcess, many_films: Path, tmp_path: Path
) -> None:
    latest = tmp_path / "latest"
    server = start_process(artifact=latest, reload_seconds=0.05)
    with visit(browser, f"{server.client.base_url}/?user=1") as page:
        expect(page.get_by_role("alert")).to_contain_text("The server has no model to answer from yet.")
        latest.symlink_to(many_films)
        while server.client.get("/health/ready").status_code != 200:
            page.wait_for_timeout(50)
        page.get_by_role("button", name="Try again").click()
        expect(recommended(page)).to_have_count(10)


def test_the_page_asks_for_the_key_and_keeps_it_for_its_tab(
    browser: Browser, start_process: StartProcess, many_films: Path
) -> None:
    client = start_process(artifact=many_films, api_key=KEY).client
    assert client.get("/static/nowhere.js").status_code == 401
    assert client.get("/static/../v1/model").status_code == 401
    url = f"{client.base_url}/"
    with visit(browser, f"{url}?user=1") as page:
        expect(page.get_by_role("heading", name="This server asks for a key")).to_be_visible()
        expect(page.get_by_label("Key")).to_be_focused()
        expect(page.get_by_role("tablist")).to_be_hidden()
        assert violations(page) == []
        for wrong in ("wrong", "schlüssel🔑", ""):
            page.keyboard.type(wrong)
            page.keyboard.press("Enter")
            expect(page.get_by_role("alert")).to_contain_text("That key is not the one of this server.")
        page.keyboard.type(KEY)
        page.keyboard.press("Enter")
        expect(recommended(page)).to_have_count(10)
        assert page.get_by_role("alert").count() == 0
        page.reload()
        expect(recommended(page)).to_have_count(10)
        assert KEY not in page.url
    with visit(browser, url) as page:
        expect(page.get_by_role("heading", name="This server asks for a key")).to_be_visible()
