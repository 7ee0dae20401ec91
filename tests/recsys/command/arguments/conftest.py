"""The settings of a fit that is told nothing."""

from __future__ import annotations

import pytest
import yaml

from recsys.command.main import main
from tests.recsys.command.arguments.configurations import Settings


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The settings of a fit that is told nothing."""
    with pytest.MonkeyPatch.context() as patch:
        printed: list[str] = []
        patch.setattr("sys.argv", ["recsys"])
        patch.setattr("sys.stdout.write", printed.append)
        with pytest.raises(SystemExit):
            main(["fit", "--print_config"])
    found: Settings = yaml.safe_load("".join(printed))
    return found
