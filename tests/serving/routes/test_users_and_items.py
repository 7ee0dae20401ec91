"""Recommendations, explanations, search, similar items, fold-in and the model's description, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Ask = Callable[..., Any]


@pytest.fixture
def ask(films_server: httpx.Client) -> Ask:
    """`ask("/v1/…", n=3)` gives the content of the answer; with `json=…` it posts."""

    def send(path: str, json: object = None, **query: object) -> Any:
        params = {name: str(value) for name, value in query.items()}
        method = "GET" if json is None else "POST"
        response = films_server.request(method, path, json=json, params=params)
        assert response.status_code == 200, response.text
        assert len(response.json()["version"]) == 12
        return response.json()

    return send


def test_recommendations_are_ranked_before_clipping_without_what_the_user_rated(ask: Ask) -> None:
    answer = ask("/v1/users/1/recommendations")
    assert [r["item_id"] for r in answer["recommendations"]] == [12, 14, 13]
    assert [r["rating"] for r in answer["recommendations"]] == pytest.approx([5.0, 3.7, 2.9])
    assert (answer["total"], answer["source"], answer["user_id"]) == (3, "model", 1)
    first = answer["recommendations"][0]
    assert (first["title"], first["year"], first["genres"]) == ("Empire Strikes Back, The", 1980, ["Action", "Sci-Fi"])
    seen_too = ask("/v1/users/1/recommendations", exclude_seen=False)
    assert [r["item_id"] for r in seen_too["recommendations"]] == [11, 12, 14, 10, 13]  # 5.3 before 5.1


def test_recommendations_come_in_pages_and_by_genre(ask: Ask) -> None:
    page = ask("/v1/users/2/recommendations", n=2, offset=1, exclude_seen=False)
    assert ([r["item_id"] for r in page["recommendations"]], page["total"]) == ([12, 14], 5)
    assert ask("/v1/users/2/recommendations", offset=5)["recommendations"] == []
    romance = ask("/v1/users/2/recommendations", genre="ROMANCE")
    assert ([r["item_id"] for r in romance["recommendations"]], romance["total"]) == ([10, 13], 2)


def test_an_unknown_user_gets_the_items_with_the_best_means(ask: Ask) -> None:
    answer = ask("/v1/users/99/recommendations", n=2)
    assert ([r["item_id"] for r in answer["recommendations"]], answer["source"]) == ([11, 10], "item_mean")
    without_ratings = ask("/v1/users/6/recommendations", n=2)
    assert (without_ratings["recommendations"], without_ratings["source"]) == (answer["recommendations"], "item_mean")


def test_a_title_is_found_by_its_words_without_case_or_accents_most_rated_first(ask: Ask) -> None:
    assert [i["item_id"] for i in ask("/v1/items", query="AMELIE")["items"]] == [10]
    assert [i["item_id"] for i in ask("/v1/items", query="améLIE")["items"]] == [10]
    assert [i["item_id"] for i in ask("/v1/items", query="the empire")["items"]] == [12]
    assert [i["item_id"] for i in ask("/v1/items", query="star")["items"]] == [11, 14]
    assert [i["item_id"] for i in ask("/v1/items", query="star wars")["items"]] == [11]
    assert ask("/v1/items", query="no such film")["total"] == 0
    assert ask("/v1/items", query="\x00")["total"] == 0
    everything = ask("/v1/items", n=2, offset=1)
    assert ([i["item_id"] for i in everything["items"]], everything["total"]) == ([10, 12], 5)


def test_a_title_with_a_mistake_is_found_and_the_answer_says_that_it_is_only_spelt_alike(ask: Ask) -> None:
    answer = ask("/v1/items", query="empyre stikes")
    assert ([i["item_id"] for i in answer["items"]], answer["approximate"]) == ([12], True)
    assert ask("/v1/items", query="empire strikes")["approximate"] is False
    assert ask("/v1/items", query="no such film")["approximate"] is False


def test_an_item_is_described(ask: Ask) -> None:
    item = ask("/v1/items/11")
    del item["version"]
    assert item == {
        "item_id": 11, "title": "Star Wars", "display_title": "Star Wars", "year": 1977,
        "genres": ["Action", "Sci-Fi"], "n_ratings": 3, "mean_rating": 4.0, "attributes": {},
    }  # fmt: skip
    empire = ask("/v1/items/12")
    assert (empire["title"], empire["display_title"]) == ("Empire Strikes Back, The", "The Empire Strikes Back")
    unrated = ask("/v1/items/14")
    assert (unrated["n_ratings"], unrated["mean_rating"]) == (0, None)
    assert ask("/v1/items/13")["year"] is None


def test_similar_items_are_ranked_by_the_cosine_of_their_vectors(ask: Ask) -> None:
    answer = ask("/v1/items/11/similar")
    assert [(s["item_id"], s["similarity"]) for s in answer["similar"]] == [
        (12, pytest.approx(1)), (14, 0), (10, pytest.approx(-1)), (13, pytest.approx(-1)),
    ]  # fmt: skip
    assert answer["total"] == 4
    assert [s["item_id"] for s in ask("/v1/items/11/similar", n=1, offset=1)["similar"]] == [14]


def test_an_explanation_adds_up_and_names_the_ratings_that_speak_for_it(ask: Ask) -> None:
    answer = ask("/v1/users/1/items/12/explanation")
    assert answer["parts"] == pytest.approx(
        {"global_mean": 3.5, "user": 0.5, "item": 0.1, "interaction": 1.0, "time": 0}
    )
    assert sum(answer["parts"].values()) == pytest.approx(answer["unclipped"], abs=1e-12)
    assert (answer["rating"], answer["source"]) == (5.0, "model")
    # Amélie, of the other taste, was rated 2.2 below what the means expect; Star Wars 0.7 above.
    assert [(s["title"], s["rating"]) for s in answer["speaks_for"]] == [("Amélie", 2.0), ("Star Wars", 5.0)]
    assert [s["weight"] for s in answer["speaks_for"]] == pytest.approx([2.2, 0.7], abs=1e-5)
    assert len(ask("/v1/users/1/items/12/explanation", n=1)["speaks_for"]) == 1
    assert ask("/v1/users/1/items/13/explanation")["speaks_for"] == []
    assert [s["item_id"] for s in ask("/v1/users/1/items/11/explanation")["speaks_for"]] == [10]  # not the pair itself


@pytest.mark.parametrize(
    ("user", "item", "parts", "source"),
    [
        (1, 99, (3.5, 0.5, 0, 0, 0), "user_mean"),
        (99, 11, (3.5, 0, 0.3, 0, 0), "item_mean"),
        (9, 9, (3.5, 0, 0, 0, 0), "global_mean"),
        (1, 14, (3.5, 0.5, -0.3, 0, 0), "user_mean"),  # nobody has rated 14
        (6, 11, (3.5, -0.25, 0.3, 0, 0), "item_mean"),  # 6 has rated nothing
    ],
)
def test_the_explanation_of_an_unknown_id_adds_up_too(
    ask: Ask, user: int, item: int, parts: tuple[float, ...], source: str
) -> None:
    answer = ask(f"/v1/users/{user}/items/{item}/explanation")
    assert tuple(answer["parts"].values()) == pytest.approx(parts)
    assert (answer["unclipped"], answer["source"]) == (pytest.approx(sum(parts)), source)
    assert answer["rating"] == pytest.approx(sum(parts))


def test_a_new_user_gets_predictions_and_recommendations_from_a_few_ratings(ask: Ask) -> None:
    body = {"ratings": [{"item_id": 11, "rating": 5}], "item_ids": [12, 13, 99]}
    answer = ask("/v1/fold-in", json=body)
    empire, brief, unknown = answer["predictions"]
    assert empire["rating"] > 3.6 + 0.2
    assert brief["rating"] < 3.4
    assert [p["source"] for p in answer["predictions"]] == ["fold_in", "fold_in", "user_mean"]
    assert unknown["rating"] > 3.5
    assert answer["recommendations"][0]["item_id"] == 12
    assert 11 not in [r["item_id"] for r in answer["recommendations"]]
    assert (answer["total"], answer["ignored_item_ids"]) == (4, [])
    drama = ask("/v1/fold-in", json=body | {"genre": "drama", "n": 1})
    assert [r["item_id"] for r in drama["recommendations"]] == [13]


def test_a_new_user_without_ratings_gets_the_means_and_unknown_items_are_named(ask: Ask) -> None:
    answer = ask("/v1/fold-in", json={"ratings": [{"item_id": 99, "rating": 1}]})
    assert [r["rating"] for r in answer["recommendations"]] == pytest.approx([3.8, 3.7, 3.6, 3.4, 3.2])
    assert answer["ignored_item_ids"] == [99]
    assert ask("/v1/fold-in", json={"ratings": []})["total"] == 5


def test_the_explanation_of_a_new_users_rating_adds_up_and_says_what_each_rating_adds(ask: Ask) -> None:
    ratings = [{"item_id": 11, "rating": 5}, {"item_id": 10, "rating": 2}, {"item_id": 14, "rating": 3}]
    body = {"ratings": [*ratings, {"item_id": 99, "rating": 4}], "item_id": 12}
    answer = ask("/v1/fold-in/explanation", json=body)
    (predicted,) = ask("/v1/fold-in", json={"ratings": ratings, "item_ids": [12]})["predictions"]
    assert (answer["item_id"], answer["source"], answer["ignored_item_ids"]) == (12, "fold_in", [99])
    assert answer["rating"] == pytest.approx(predicted["rating"], abs=1e-6)
    assert (answer["parts"]["global_mean"], answer["parts"]["item"]) == pytest.approx((3.5, 0.1))
    assert sum(answer["parts"].values()) == pytest.approx(answer["unclipped"], abs=1e-12)
    added = {given["title"]: given["contribution"] for given in answer["contributions"]}
    assert sum(added.values()) == pytest.approx(answer["parts"]["user"] + answer["parts"]["interaction"], abs=1e-12)
    # Star Wars of the same taste was liked and Amélie of the other disliked: both speak for it, Starman says little.
    assert list(added)[2] == "Starman"
    assert added["Star Wars"] > 0.3
    assert added["Amélie"] > 0.3
    assert list(map(abs, added.values())) == sorted(map(abs, added.values()), reverse=True)
    strongest = ask("/v1/fold-in/explanation", json=body | {"n": 1})
    assert strongest["contributions"] == answer["contributions"][:1]
    assert strongest["parts"] == answer["parts"]


def test_the_explanation_of_a_new_users_rating_of_an_unknown_item_is_the_users_own_mean(ask: Ask) -> None:
    answer = ask("/v1/fold-in/explanation", json={"ratings": [{"item_id": 11, "rating": 5}], "item_id": 99})
    (predicted,) = ask("/v1/fold-in", json={"ratings": [{"item_id": 11, "rating": 5}], "item_ids": [99]})["predictions"]
    assert (answer["source"], answer["parts"]["item"], answer["parts"]["interaction"]) == ("user_mean", 0, 0)
    assert answer["rating"] == pytest.approx(predicted["rating"], abs=1e-6)
    assert answer["contributions"][0]["contribution"] == pytest.approx(answer["parts"]["user"])
    nothing = ask("/v1/fold-in/explanation", json={"ratings": [], "item_id": 12})
    assert (nothing["rating"], nothing["contributions"]) == (pytest.approx(3.6), [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"ratings": []}, 422),
        ({"ratings": [], "item_id": "12"}, 422),
        ({"ratings": [], "item_id": 12, "n": 0}, 422),
        ({"ratings": [], "item_id": 12, "genre": "Drama"}, 422),
        ({"ratings": [{"item_id": 11, "rating": 5.5}], "item_id": 12}, 422),
        ({"ratings": [{"item_id": 11, "rating": 5}] * 2, "item_id": 12}, 422),
        ({"ratings": [{"item_id": i, "rating": 3} for i in range(5)], "item_id": 12}, 413),
        ({"ratings": [], "item_id": 99, "strict": True}, 404),
        ({"ratings": [{"item_id": 99, "rating": 3}], "item_id": 12, "strict": True}, 404),
    ],
)
def test_a_wrong_question_why_is_a_problem_document(films_server: httpx.Client, body: object, status: int) -> None:
    response = films_server.post("/v1/fold-in/explanation", json=body)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert response.json().keys() == {"title", "status", "detail"}


def test_users_are_listed_by_how_much_they_rated(ask: Ask) -> None:
    answer = ask("/v1/users", n=4)
    assert ([u["user_id"] for u in answer["users"]], answer["total"]) == ([1, 4, 2, 3], 6)
    assert answer["users"][0] == {"user_id": 1, "n_ratings": 2, "mean_rating": 3.5}
    assert [u["user_id"] for u in ask("/v1/users", offset=4)["users"]] == [5, 6]
    user = ask("/v1/users/6")
    assert (user["user_id"], user["n_ratings"], user["mean_rating"]) == (6, 0, None)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"ratings": [{"item_id": 11, "rating": 5.5}]}, 422),
        ({"ratings": [{"item_id": 11, "rating": "5"}]}, 422),
        ({"ratings": [{"item_id": 11, "rating": True}]}, 422),
        ({"ratings": [{"item_id": 11, "rating": 5}, {"item_id": 11, "rating": 4}]}, 422),
        ({"ratings": [], "item_ids": ["11"]}, 422),
        ({"ratings": [], "item_ids": [2**63]}, 422),
        ({"ratings": [], "n": 0}, 422),
        ({"ratings": [], "n": 1001}, 422),
        ({"ratings": [], "offset": -1}, 422),
        ({"ratings": [], "genre": "Polka"}, 422),
        ({"ratings": [], "genres": "Drama"}, 422),
        ({"ratings": [], "item_ids": [10] * 5}, 413),
        ({"ratings": [{"item_id": i, "rating": 3} for i in range(5)]}, 413),
        ({"ratings": [{"item_id": 99, "rating": 3}], "strict": True}, 404),
        ({"ratings": [], "item_ids": [99], "strict": True}, 404),
        ({"ratings": [], "exclude": ["11"]}, 422),
        ({"ratings": [], "exclude": [10] * 5}, 413),
    ],
)
def test_a_wrong_new_user_is_a_problem_document(films_server: httpx.Client, body: dict[str, Any], status: int) -> None:
    response = films_server.post("/v1/fold-in/next" if "exclude" in body else "/v1/fold-in", json=body)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert response.json().keys() == {"title", "status", "detail"}


def test_ratings_that_are_no_numbers_are_a_problem_document(films_server: httpx.Client) -> None:
    for number in ("NaN", "Infinity", "1e999", "-1e999", "null"):
        content = f'{{"ratings": [{{"item_id": 11, "rating": {number}}}]}}'
        response = films_server.post("/v1/fold-in", content=content, headers={"content-type": "application/json"})
        assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/users/1.0/recommendations", 422),
        ("/v1/users/one/recommendations", 422),
        ("/v1/users/9223372036854775808/recommendations", 422),
        ("/v1/users?n=0", 422),
        ("/v1/users/99", 404),
        ("/v1/users/1.0", 422),
        ("/v1/users/1/recommendations?n=0", 422),
        ("/v1/users/1/recommendations?n=1001", 422),
        ("/v1/users/1/recommendations?offset=-1", 422),
        ("/v1/users/1/recommendations?offset=99999999999999999999", 422),
        ("/v1/users/1/recommendations?genre=Polka", 422),
        ("/v1/users/1/recommendations?genre=" + "x" * 101, 422),
        ("/v1/users/1/recommendations?exclude_sen=false", 422),
        ("/v1/users/99/recommendations?strict=true", 404),
        ("/v1/users/99/items/11/explanation?strict=true", 404),
        ("/v1/users/1/items/99/explanation?strict=true", 404),
        ("/v1/users/1/items/x/explanation", 422),
        ("/v1/users/1/items/11/explanation?n=0", 422),
        ("/v1/items?query=" + "x" * 201, 422),
        ("/v1/items?q=star", 422),
        ("/v1/items/99", 404),
        ("/v1/items/1.5", 422),
        ("/v1/items/99/similar", 404),
        ("/v1/items/11/similar?n=x", 422),
    ],
)
def test_a_wrong_address_is_a_problem_document(films_server: httpx.Client, path: str, status: int) -> None:
    response = films_server.get(path)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert response.json().keys() == {"title", "status", "detail"}


def test_odd_texts_find_nothing_and_do_no_harm(films_server: httpx.Client) -> None:
    for text in ("\x00", "%ff", "\u0301", " ", "🎬", "İ", "ß" * 200):
        assert films_server.get("/v1/items", params={"query": text}).status_code == 200


def test_the_model_is_described(ask: Ask) -> None:
    model = ask("/v1/model")
    assert (model["kind"], model["recipe"], model["split"], model["seed"]) == ("LinearNetwork", "films", "0.9", 0)
    assert (model["n_users"], model["n_items"], model["n_ratings"]) == (6, 5, 7)
    assert (model["rating_scale"], model["rating_step"]) == ([1, 5], 1)
    assert model["metrics"] == {"test_rmse": 0.8, "test_rmse_as_served": 0.9}
    assert model["has_titles"] is True
    assert model["genres"] == ["Action", "Comedy", "Drama", "Romance", "Sci-Fi"]
    assert model["data_sha256"] == "ab"
