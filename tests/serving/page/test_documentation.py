"""The documentation at /docs, in a real browser: whole, from this server alone, and requests can be tried."""

from __future__ import annotations

import httpx
import pytest

from tests.serving.page.browser import Browser, expect, visit


def test_swagger_ui_shows_every_route_and_tries_a_request(browser: Browser, films_server: httpx.Client) -> None:
    paths = films_server.get("/openapi.json").json()["paths"]
    with visit(browser, f"{films_server.base_url}/docs") as page:
        expect(page.locator(".opblock")).to_have_count(sum(map(len, paths.values())))
        page.locator("#operations-model-model_v1_model_get .opblock-summary-control").click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        expect(page.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
        expect(page.locator(".live-responses-table")).to_contain_text("x-model-version")


@pytest.mark.parametrize("path", ["/docs", "/docs/start.js", "/docs/swagger-ui-bundle.js"])
def test_the_documentation_is_as_shut_in_as_its_viewers_allow(films_server: httpx.Client, path: str) -> None:
    response = films_server.get(path)
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ")
    assert "unsafe" not in policy
    assert all(f"{name} 'none'" in policy for name in ("base-uri", "form-action", "frame-ancestors"))
    assert response.headers["x-content-type-options"] == "nosniff"
    assert films_server.get(path, headers={"If-None-Match": response.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("name", ["__init__.py", "favicon.png", "..%2fsettings.py", "%00", ""])
def test_there_are_no_other_files(films_server: httpx.Client, name: str) -> None:
    response = films_server.get(f"/docs/{name}")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
