"""The files of the page, as the server gives them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import httpx
import pytest

from serving.page import page
from tests.serving.conftest import ROOT

STATIC = ROOT / "serving" / "page" / "static"


@pytest.mark.parametrize("path", sorted(page.PATHS))
def test_every_file_may_be_kept_and_may_do_nothing_but_the_pages_own_work(server: httpx.Client, path: str) -> None:
    response = server.get(path)
    assert response.status_code == 200
    assert response.content == (STATIC / (Path(path).name or "index.html")).read_bytes()
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ")
    assert all(f"{name} 'none'" in policy for name in ("base-uri", "form-action", "frame-ancestors"))
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-cache"
    again = server.get(path, headers={"If-None-Match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == policy
    etag = response.headers["etag"].encode()
    for told, status in ((b'"other"', 200), (b'"other", W/' + etag, 304), (b"*", 304), (b"\xff", 200)):
        assert server.get(path, headers={b"If-None-Match": told}).status_code == status
    for piece in ("bytes=0-1", "bytes=999999999-", "bytes=x"):  # a file is given whole, which the protocol allows
        whole = server.get(path, headers={"Range": piece})
        assert (whole.status_code, whole.content) == (200, response.content)
    head = server.head(path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", response.headers["etag"])


@pytest.mark.parametrize("path", ["/static/nowhere.js", "/static/", "/static/.", "/static/..%2fapp.py", "/static/%00"])
def test_there_are_no_other_files(server: httpx.Client, path: str) -> None:
    response = server.get(path)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


def test_the_page_names_no_other_server() -> None:
    for file in STATIC.iterdir():
        addresses = re.findall(
            r"(?:https?:)?//[\w.]+\.\w+[^\s\"']*", re.sub(r"^\s*//.*", "", file.read_text(), flags=re.M)
        )
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}, file


def test_the_files_are_part_of_the_package() -> None:
    package_data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    shipped = {file for pattern in package_data["serving"] for file in (ROOT / "serving").glob(pattern)}
    page = (ROOT / "serving" / "page").rglob("*")
    there = {file for file in page if file.is_file() and file.suffix not in (".py", ".pyc")}
    assert shipped == there
