"""What the tests of the page share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.serving.page.browser import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from tests.serving.page.browser import chromium  # which skips a module that imports it where the extras are missing

    with chromium() as browser:
        yield browser
