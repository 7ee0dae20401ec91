"""The documents say what the code does: settings, routes, options, recipes, targets, results."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from benchmarks.document import documents
from benchmarks.document.best_results import ROWS
from benchmarks.rmse_table.table2 import LINES
from recsys.command.main import main
from serving.app import create_app
from serving.settings import Settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
COMMANDS = ("fit", "validate", "test", "predict")


def text(path: Path) -> str:
    return path.read_text()


@pytest.mark.parametrize("path", documents.DOCUMENTS, ids=lambda path: path.name)
def test_every_number_of_a_document_is_drawn_from_the_committed_results(path: Path) -> None:
    assert documents.rendered(path) == text(path)


def test_the_readme_is_short_and_begins_with_a_command() -> None:
    readme = text(ROOT / "README.md")
    assert len(readme.splitlines()) <= 130
    assert len(readme.split()) <= 1100
    assert readme.splitlines().index("```bash") + 2 <= 30


def test_the_readme_compares_with_the_best_of_the_other_methods() -> None:
    rows = {row["model"]: row["rmse_mean"] for row in documents.results("rmse_table")["rows"] if row["split"] == "0.9"}
    others = [line for line in LINES if not line.ours]
    best = min((line.model for line in others), key=rows.__getitem__)
    best_of_ratings = min((line.model for line in others if not line.extra_information), key=rows.__getitem__)
    assert {best, best_of_ratings} <= ROWS.keys()


def test_every_setting_of_the_server_is_documented_with_its_default() -> None:
    serving = text(DOCS / "serving.md")
    for name, field in Settings.model_fields.items():
        assert f"`RECSYS_{name.upper()}` ({field.default})" in serving


def test_every_route_is_documented() -> None:
    serving = text(DOCS / "serving.md")
    settings = Settings(api_key=SecretStr("x" * 16), ratings_database=SecretStr("sqlite:///none.db"))
    schema: dict[str, Any] = create_app(settings).openapi()
    for path, methods in schema["paths"].items():
        for method in methods:
            whole = f"`{method.upper()} {path}`"
            shortened = f"`{method.upper()} …/{path.rsplit('/', 1)[-1]}`"  # of the model's versions
            assert whole in serving or (path.startswith("/v2/models/{name}/versions/") and shortened in serving), whole


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_the_command_is_documented(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["recsys", command, "--help"])
    with pytest.raises(SystemExit):
        main()
    options = set(re.findall(r"ARG: +(--[\w.]+)", capsys.readouterr().out))
    assert len(options) > 20
    training = text(DOCS / "training.md")
    assert f"`recsys {command}`" in training
    for option in options:
        if not option.startswith("--trainer.") and not option.endswith(".help") and option not in GROUPS:
            assert f"`{option}`" in training, option


@pytest.mark.parametrize(
    "command", ["publish", "recommend", "describe", "prepare", "export_ratings", "predict --pairs FILE"]
)
def test_every_option_of_the_commands_without_lightning_is_documented(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    options = set(re.findall(r"--\w+(?:\.\w+)*", capsys.readouterr().out)) - {"--help"}
    assert bool(options) == (command != "publish")
    pages = "".join(text(DOCS / page) for page in ("training.md", "your-data.md", "serving.md"))
    assert f"`recsys {command.removesuffix(' FILE')}`" in pages
    for option in options:
        assert f"`{option}`" in pages or option.startswith("--data.columns."), option  # as of a fit


GROUPS = {"--print_config", "--trainer", "--data", "--run", "--selection"}
"""Options that take a file with the values of others, and the one that prints them; the page says so in a sentence."""


def test_every_recipe_is_documented() -> None:
    training = text(DOCS / "training.md")
    recipes = {re.sub(r"-[89]0$", "", path.stem) for path in (ROOT / "recsys" / "configs").glob("*.yaml")}
    assert len(recipes) >= 13
    for recipe in recipes:
        assert f"`{recipe}`" in training or recipe == "base", recipe


def test_every_make_target_is_listed_and_documented() -> None:
    listed = subprocess.check_output(["make"], cwd=ROOT, text=True)
    targets = re.findall(r"^([a-z0-9-]+):.*##", text(ROOT / "Makefile"), re.MULTILINE)
    assert len(targets) >= 6
    documented = "\n".join(map(text, PAGES))
    for target in targets:
        assert re.search(rf"^{target} +\S", listed, re.MULTILINE)
        assert re.search(rf"make {target}\b", documented) or target == "help", target


def test_every_file_that_the_documents_link_to_exists() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text(page)):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_file_that_the_documents_name_exists() -> None:
    for page in PAGES:
        for name in re.findall(r"`((?:recsys|data|serving|synthetic|benchmarks|tests|docs)/[\w./-]*)`", text(page)):
            assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_every_heading_that_the_documents_link_to_exists() -> None:
    for page in PAGES:
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", text(page)):
            linked = page.parent / target if target else page
            headings = re.findall(r"^#+ (.+)$", text(linked), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, f"{page.name} links to {target}#{anchor}"


def test_commands_stand_where_they_are_executed() -> None:
    executed = {ROOT / "README.md", *DOCS.glob("*.md")}
    for page in DOCS.rglob("*.md"):
        assert page in executed or "```bash" not in text(page), page
