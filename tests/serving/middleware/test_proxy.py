"""Behind a real nginx under a path prefix, which it strips or leaves on: page, documentation, links, who asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from benchmarks.server_process import free_port
from tests.serving.conftest import Server, StartProcess
from tests.serving.page.browser import Browser, chromium, expect, visit

# One process, which keeps everything in the folder that it is started in, and listens only here.
CONFIGURATION = """
daemon off; master_process off; pid nginx.pid; error_log stderr; events {{ }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port};
        proxy_set_header X-Forwarded-For $remote_addr;
        location /stripped/films/ {{ proxy_pass http://127.0.0.1:{stripped}/; }}
        location /kept {{ proxy_pass http://127.0.0.1:{kept}; }}
    }}
}}
"""


class Shown(NamedTuple):
    """Where a proxy shows a server."""

    url: str
    prefix: str
    server: Server


@pytest.fixture(scope="module")
def proxied(
    start_process: StartProcess, films_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Shown]]:
    """Servers behind nginx, which strips the prefix of one and keeps the other's; only the first believes it."""
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx is None and "CI" not in os.environ:
        pytest.skip("needs `apt-get install nginx-light`")
    assert nginx is not None, "nginx is not installed"
    stripped = start_process(artifact=films_model, root_path="/stripped/films", forwarded_allow_ips="127.0.0.1")
    kept = start_process(artifact=films_model, root_path="/kept")
    port = free_port()
    folder = tmp_path_factory.mktemp("nginx")
    ports = {"stripped": stripped.client.base_url.port, "kept": kept.client.base_url.port}
    (folder / "nginx.conf").write_text(CONFIGURATION.format(port=port, **ports))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([nginx, "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"], stderr=log)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(url)
            break
        except httpx.TransportError:
            time.sleep(0.02)
    else:
        raise AssertionError((folder / "log").read_text())
    yield {"stripped": Shown(url, "/stripped/films", stripped), "kept": Shown(url, "/kept", kept)}
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="module", params=["stripped", "kept"])
def shown(request: pytest.FixtureRequest, proxied: dict[str, Shown]) -> Shown:
    return proxied[request.param]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.slow
def test_the_page_and_the_documentation_ask_only_under_the_prefix(browser: Browser, shown: Shown) -> None:
    below = shown.url + shown.prefix
    asked: list[str] = []
    with visit(browser, f"{below}?user=1") as page:  # without the slash: there is a redirect to it
        page.on("request", lambda request: asked.append(request.url))
        expect(page).to_have_url(f"{below}/?user=1")
        expect(page.locator(".films").get_by_text("Brief Encounter").first).to_be_visible()
        page.locator("footer a[href='docs']").click()
        expect(page).to_have_url(f"{below}/docs")
        page.locator("#operations-model-model_v1_model_get .opblock-summary-control").click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        expect(page.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    assert f"{below}/v1/model" in asked
    assert {url for url in asked if not url.startswith(f"{below}/")} == set()


def test_the_openapi_document_names_the_prefix_as_the_server(shown: Shown) -> None:
    document = httpx.get(f"{shown.url}{shown.prefix}/openapi.json").json()
    assert document["servers"] == [{"url": shown.prefix}]
    for path in ("/v1/model", "/health/ready", "/v2", "/metrics"):
        assert path in document["paths"]
        assert httpx.get(shown.url + document["servers"][0]["url"] + path).status_code == 200


def test_errors_under_the_prefix_have_the_shape_of_their_protocol(shown: Shown) -> None:
    for path, names in (("/v1/x", {"title", "status", "detail"}), ("/v2/x", {"error"}), ("/ping/", {"error_code"})):
        response = httpx.get(shown.url + shown.prefix + path)
        assert response.status_code == 404
        assert response.json().keys() >= names


def test_nothing_that_the_server_says_names_the_host_of_the_request(shown: Shown) -> None:
    for path in (shown.prefix, f"{shown.prefix}/", "/docs/", "/v1/items/", "/v1/users", "/openapi.json", "/nowhere/"):
        response = shown.server.client.get(path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        assert "evil" not in response.text + str(response.headers)


def clients(server: Server, request_id: str) -> list[str]:
    deadline = time.monotonic() + 10
    while request_id not in server.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    return [line["client"] for line in lines if line["request_id"] == request_id]


def test_who_asked_is_taken_from_a_header_only_where_a_configured_proxy_sends_it(proxied: dict[str, Shown]) -> None:
    stripped, kept = (proxied[name] for name in ("stripped", "kept"))
    for shown, told, believed in ((stripped, "203.0.113.9", "203.0.113.9"), (kept, "203.0.113.9", "127.0.0.1")):
        forged = {"X-Forwarded-For": told, "X-Request-ID": f"direct{shown.prefix.replace('/', '-')}"}
        assert shown.server.client.get("/v1/model", headers=forged).status_code == 200
        assert clients(shown.server, forged["X-Request-ID"]) == [believed]
    # nginx writes the header itself, so that what a client says of itself is gone.
    forged = {"X-Forwarded-For": "198.51.100.1", "X-Request-ID": "through-nginx"}
    httpx.get(f"{stripped.url}{stripped.prefix}/v1/model", headers=forged)
    assert clients(stripped.server, "through-nginx") == ["127.0.0.1"]
