"""What a visitor of the page sees at once, on a phone too, and the numbers that are read there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from recsys import artifact
from recsys.artifact import Array
from recsys.artifact.times import window_key
from tests.serving import films
from tests.serving.conftest import StartServer
from tests.serving.page.browser import Browser, Page, expect, visit

pytestmark = pytest.mark.slow  # test_page.py walks through the page for make test

PHONE = {"width": 390, "height": 844}
TITLES = ("Close Shave, A", "Godfather, The", "Pather Panchali", "Aiqing wansui", "Nikita", "Fargo", "Vertigo", "M")
RATED = (30, 20, 19, 1, 0, 0, 0, 0)  # by so many of the 30 users


def arrays() -> dict[str, Array]:
    """Thirty users and eight films, of which the first are rated best; a time that is not known adds 0.05."""
    random = np.random.default_rng(0)
    n_users, n_items = 30, len(TITLES)
    user_means = random.normal(0, 0.2, n_users).astype(np.float32)
    item_means = np.linspace(0.9, 0.7, n_items, dtype=np.float32)
    tastes = np.outer(random.normal(0, 0.2, n_users), random.choice([-1, 1], n_items))
    rating_users, rating_items = np.nonzero(np.arange(n_users)[:, None] < RATED)
    matrix = (films.MEAN + user_means[:, None] + item_means + tastes).astype(np.float32)
    return {
        "user_ids": np.arange(1, n_users + 1),
        "item_ids": np.arange(1, n_items + 1),
        "user_means": user_means,
        "item_means": item_means,
        "rating_users": rating_users.astype(np.int32),
        "rating_items": rating_items.astype(np.int32),
        "rating_values": np.full(sum(RATED), 4, np.float32),
        "matrix": matrix + np.float32(0.05),
        "location": matrix + np.float32(0.05),
        "deviation": np.linspace(0.4, 1.2, n_users * n_items).reshape(matrix.shape).astype(np.float32),
        "thresholds": np.array([1.5, 2.5, 3.5, 4.5], np.float32),
        "levels": np.arange(1, 6, dtype=np.float32),
        "timed_location": matrix,
        "timed_variance": np.full(matrix.shape, 0.5, np.float32),
        "window_widths": np.array([86_400]),
        "new_window_variances": np.array([0.3], np.float32),
        "window_keys": np.array([window_key(0, n_users, np.array(0), np.array(10_000))]),
        "window_means": np.array([0.4], np.float32),
        "window_variances": np.array([0.05], np.float32),
        "ordinal": np.array([0], np.int32),
    }


@pytest.fixture(scope="module")
def server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> httpx.Client:
    items = artifact.ItemTable(TITLES, tuple(range(1990, 1990 + len(TITLES))), (("Drama",),) * len(TITLES))
    saved: Path = artifact.save(
        tmp_path_factory.mktemp("certain"), films.manifest("BayesianEmbedding"), arrays(), items
    )  # fmt: skip
    return start_server(artifact=saved)


@pytest.fixture(scope="module")
def url(server: httpx.Client) -> str:
    return f"{str(server.base_url).rstrip('/')}/"


@pytest.fixture(scope="module")
def many_url(many_films_server: httpx.Client) -> str:
    return f"{str(many_films_server.base_url).rstrip('/')}/"


def recommended(page: Page) -> Any:
    return page.locator(".panel:visible .films > li:not(.placeholder)")


def hundredths(text: str) -> int:
    return round(100 * float(text.replace("−", "-")))


def is_seen_whole(page: Page, film: Any) -> bool:
    """Whether a film is within the window, without scrolling."""
    box = film.bounding_box()
    return bool(page.evaluate("scrollY") == 0 and 0 <= box["y"] <= PHONE["height"] - box["height"])


def test_on_a_phone_the_first_films_are_seen_without_scrolling(browser: Browser, many_url: str) -> None:
    with visit(browser, many_url, **PHONE) as page:
        for address in ("", "?rated=11-5", "?rated=11-5_10-2_13-4_14-1", "?user=1", "?user=1&genre=Sequel&film=13"):
            page.goto(f"{many_url}{address}")
            expect(recommended(page).nth(1)).to_be_visible()
            assert is_seen_whole(page, recommended(page).first), address
            assert is_seen_whole(page, recommended(page).nth(1)), address


def test_on_a_phone_a_rating_changes_what_is_seen(browser: Browser, many_url: str) -> None:
    with visit(browser, many_url, **PHONE) as page:
        expect(page.get_by_role("heading", name="What most people like")).to_be_in_viewport()
        before = recommended(page).all_inner_texts()
        star_wars = recommended(page).filter(has_text="Star Wars").get_by_role("group")
        star_wars.locator("label").nth(4).click()
        expect(page.get_by_role("heading", name="Films for you")).to_be_in_viewport(ratio=1)
        expect(page.get_by_role("list", name="Films you have seen")).to_be_in_viewport(ratio=1)
        expect(recommended(page).first).to_contain_text("The Empire Strikes Back")
        assert recommended(page).all_inner_texts() != before
        assert is_seen_whole(page, recommended(page).first)
        assert is_seen_whole(page, recommended(page).nth(1))

        last = recommended(page).last  # rated far down, the list is shown from its beginning
        name = last.locator(".title").inner_text()
        last.locator(".stars label").first.click()
        expect(page.get_by_text("From your 2 ratings")).to_be_in_viewport()
        expect(page.get_by_role("list", name="Films you have seen")).to_contain_text(name)
        expect(recommended(page).first).to_be_in_viewport(ratio=1)

        expect(page.get_by_role("button", name="Remove Star Wars")).to_be_hidden()
        page.get_by_role("button", name="Show all 2 you have seen").click()
        page.get_by_role("button", name="Remove Star Wars").click()
        expect(page.get_by_text("From your one rating")).to_be_visible()


def test_the_first_screen_shows_films_at_once_and_invites_to_rate(
    browser: Browser, many_films_server: httpx.Client, many_url: str
) -> None:
    with visit(browser, many_url) as page:
        everybodys = many_films_server.post("/v1/fold-in", json={"ratings": []}).json()["recommendations"]
        expect(recommended(page).locator(".title")).to_have_text([film["display_title"] for film in everybodys])
        expect(page.get_by_role("tab")).to_have_text(["For you", "By user number"])
        expect(page.get_by_role("tab", selected=True)).to_have_text("For you")
        expect(page.get_by_role("combobox", name="Find a film you have seen")).to_be_in_viewport()
        expect(page.get_by_text("Rate a few films; the list becomes yours.")).to_be_in_viewport()
        expect(recommended(page).first.get_by_role("radio")).to_have_count(5)
        assert page.url == many_url


@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 800}], ids=["phone", "desk"])
def test_nothing_moves_when_late_answers_come(browser: Browser, many_url: str, size: dict[str, int]) -> None:
    held: list[Any] = []
    with visit(browser, many_url, **size) as page:
        page.add_init_script(
            """window.moved = 0;
            new PerformanceObserver((list) => { for (const { value } of list.getEntries()) moved += value; })
              .observe({ type: "layout-shift", buffered: true });"""
        )
        page.route("**/v1/fold-in", lambda route: held.append(route))
        page.route("**/v1/fold-in/next", lambda route: held.append(route))
        page.goto(many_url)
        expect(page.locator(".placeholder")).to_have_count(10)
        while len(held) < 2:
            page.wait_for_timeout(20)
        for route in held:
            route.continue_()
        expect(recommended(page)).to_have_count(10)
        expect(page.get_by_role("button", name="Star Wars", exact=True)).to_be_visible()
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        assert page.evaluate("moved") < 0.02  # 0.1 is called good


def test_scores_are_told_apart_and_say_how_certain_they_are(
    browser: Browser, server: httpx.Client, many_films_server: httpx.Client, url: str, many_url: str
) -> None:
    asked = "/v1/users/30/recommendations?uncertainty=true"
    answer = server.get(asked).json()["recommendations"]
    with visit(browser, f"{url}?user=30&film=1") as page:
        expect(recommended(page).locator(".predicted")).to_have_text(
            [
                f"Predicted rating {film['rating']:.2f} of 5"
                + (f", give or take ± {said['standard_deviation']:.1f}" if (said := film["uncertainty"]) else "")
                for film in answer
            ]
        )
        # Of films that nobody has rated the model does not say how far off it may be.
        unrated = [film["title"] for film in answer if film["n_ratings"] == 0]
        assert [film["title"] for film in answer if film["uncertainty"] is None] == unrated != []
        expect(page.locator(".answer:visible .predicted")).to_contain_text("give or take ±")
        assert len(set(recommended(page).locator(".predicted strong").all_inner_texts())) > 5
    answer = many_films_server.get("/v1/users/1/recommendations").json()["recommendations"]
    with visit(browser, f"{many_url}?user=1") as page:
        expect(recommended(page).locator(".predicted")).to_have_text(
            [f"Predicted rating {film['rating']:.2f} of 5" for film in answer]
        )


def test_every_film_says_how_many_rated_it_and_where_they_are_few(browser: Browser, url: str) -> None:
    said = {
        "A Close Shave": "Drama · 30 ratings, 4.0 on average",
        "The Godfather": "Drama · 20 ratings, 4.0 on average",
        "Pather Panchali": "Drama · only 19 ratings, 4.0 on average",
        "Aiqing wansui": "Drama · only 1 rating, 4.0 on average",
        "Nikita": "Drama · rated by nobody yet: little is known of it",
    }
    with visit(browser, url) as page:
        expect(recommended(page)).to_have_count(len(TITLES))
        for title, text in said.items():
            film = recommended(page).filter(has=page.get_by_role("heading", name=title))
            expect(film.locator(".hint")).to_have_text(text)


def test_every_printed_sum_adds_up(browser: Browser, server: httpx.Client, url: str) -> None:
    """Parts rounded each by itself would miss the total in about every second sum."""
    naive_misses = 0
    for address, path in (
        *((f"?user={user}", f"/v1/users/{user}/items/{{}}/explanation") for user in (7, 22)),
        ("?rated=1-5_2-3_3-2_4-4_5-1_6-2", "/v1/fold-in/explanation"),
    ):
        with visit(browser, f"{url}{address}") as page:
            expect(recommended(page).first).to_be_visible()
            for film in recommended(page).all():
                film.get_by_role("button", name="Why?").click()
                why = film.get_by_role("table")
                expect(why).to_be_visible()
                parts = [hundredths(text) for text in why.locator("tr:not(.sum) .number").all_inner_texts()]
                total = hundredths(why.locator(".sum .number").first.inner_text())
                assert sum(parts) == total
                assert min(500, total) == hundredths(film.locator(".predicted strong").inner_text())
                if "user" in address:
                    item = TITLES.index(film_title(film)) + 1
                    exact = server.get(path.format(item)).json()["parts"]
                    assert len(parts) == len(exact) - (exact["time"] == 0)  # the time has a row where it adds anything
                    naive_misses += sum(round(100 * part) for part in exact.values()) != total
                else:
                    reasons = film.locator(".reasons .number").all_inner_texts()
                    assert len(reasons) == 6  # five, and the others together
                    assert sum(map(hundredths, reasons)) == sum(parts[2:])
    assert naive_misses > 0


def film_title(film: Any) -> str:
    """The title of a film as the data set has it."""
    shown = film.locator(".title").first.inner_text()
    (title,) = [title for title in TITLES if sorted(title.replace(",", "").split()) == sorted(shown.split())]
    return title


def test_parts_add_up_to_their_total_whatever_they_are(browser: Browser, url: str) -> None:
    with visit(browser, url) as page:
        worst = page.evaluate(
            """async () => {
              const { addingUp } = await import("./static/rounding.js");
              let [wrong, off] = [0, 0];
              for (let i = 0; i < 20000; i++) {
                const parts = Array.from({ length: 2 + (i % 5) }, () => 600 * Math.random() - 200);
                const total = Math.round(parts.reduce((sum, part) => sum + part, 0));
                const shown = addingUp(parts, total);
                wrong += shown.reduce((sum, part) => sum + part, 0) !== total;
                off = Math.max(off, ...shown.map((part, j) => Math.abs(part - parts[j])));
              }
              return { wrong, off };
            }"""
        )
    assert worst["wrong"] == 0
    assert worst["off"] < 1.0001


def test_a_mistyped_title_is_found_and_shown_with_its_article_in_front(browser: Browser, url: str) -> None:
    with visit(browser, url) as page:
        search = page.get_by_role("combobox", name="Find a film you have seen")
        search.fill("godfater")
        options = page.get_by_role("listbox").get_by_role("option")
        expect(options).to_have_text("The Godfather (1991)")
        expect(page.get_by_text("No title has “godfater”; these are spelt alike.")).to_be_visible()
        search.fill("a close shave")
        expect(options).to_have_text("A Close Shave (1990)")
        search.press("Enter")
        expect(page.get_by_role("list", name="Films you have seen")).to_contain_text("A Close Shave (1990)")
        expect(page.get_by_text("Close Shave, A")).to_have_count(0)
