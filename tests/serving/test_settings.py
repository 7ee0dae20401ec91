"""Settings from the environment: what is refused, by name, and what belongs to others."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from fastapi.routing import iter_route_contexts
from pydantic import SecretStr, ValidationError

from serving.app import create_app
from serving.settings import OWN_SEGMENTS, Settings
from tests.serving.conftest import KEY, ROOT, Refusal


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("RECSYS_MAX_PAIR", "RECSYS_MAX_PAIRS"),
        ("RECSYS_APIKEY", "RECSYS_API_KEY"),
        ("recsys_cors_origin", "RECSYS_CORS_ORIGINS"),
        ("RECSYS_ZZZZZZZZZZ", "--help"),
    ],
)
def test_a_name_that_is_no_setting_is_refused_with_the_nearest_one(
    monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(ValidationError) as raised:
        Settings()
    message = raised.value.errors()[0]["msg"]
    assert name in message
    assert said in message


def test_the_server_ends_at_once_over_an_unknown_name() -> None:
    environment = {**os.environ, "RECSYS_ARTEFACT": "elsewhere"}
    ended = subprocess.run(
        [sys.executable, "-m", "serving.app"], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stderr == "serving: there is no setting RECSYS_ARTEFACT; did you mean RECSYS_ARTIFACT?\n"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"RATINGS_DATABASE": "sqlite:///r.db"}, "RECSYS_RATINGS_DATABASE needs RECSYS_API_KEY"),
        ({"RATINGS_DATABASE": "ratings.db", "API_KEY": KEY}, "one is sqlite:///ratings.db"),
        ({"RATINGS_DATABASE": "oracel://x", "API_KEY": KEY}, "one is sqlite:///ratings.db"),
        ({"RATINGS_DATABASE": "sqlite://", "API_KEY": KEY}, "keeps ratings in memory alone; name a file"),
        ({"RATINGS_DATABASE": "oracle://me:secret@x/y", "API_KEY": KEY}, "needs the driver"),
        ({"RATINGS_DATABASE": "sqlite:////nowhere/r.db", "API_KEY": KEY}, "unable to open database file"),
        ({"RATINGS_DATABASE": "postgresql+psycopg://me:secret@127.0.0.1:9/x", "API_KEY": KEY}, "refused"),
    ],
)
def test_the_server_ends_at_once_over_a_database_that_cannot_keep_ratings(
    refusal: Refusal, settings: dict[str, str], said: str
) -> None:
    message = refusal(settings)
    assert said in message
    assert "secret" not in message


def test_without_sqlalchemy_the_server_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.settings.find_spec", lambda name: None)
    with pytest.raises(ValidationError, match=r"pip install 'recsys\[ratings\]'"):
        Settings(api_key=SecretStr(KEY), ratings_database=SecretStr("sqlite:///ratings.db"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECSYS_CACHE", "/tmp"),
        ("RECSYS_FIT__DATA__SEED", "3"),
        ("RECSYS_VALIDATE__CKPT_PATH", "x"),
        ("RECSYS_SERVICE_HOST", "10.0.0.1"),
        ("RECSYS_SERVICE_PORT", "80"),
        ("RECSYS_SERVICE_PORT_HTTP", "80"),
        ("RECSYS_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("RECSYS_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("RECSYS_CANARY_PORT", "tcp://10.0.0.1:80"),
        ("RECSYS_CANARY_SERVICE_HOST", "10.0.0.1"),
    ],
)
def test_names_of_the_training_command_and_of_kubernetes_are_let_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert Settings() == Settings()


def test_a_port_that_kubernetes_has_set_is_told_from_a_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_PORT", "tcp://10.0.0.1:80")
    with pytest.raises(ValidationError, match="enableServiceLinks"):
        Settings()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("cors_origins", "films.example"),
        ("cors_origins", "https://films.example/"),
        ("cors_origins", "https://films.example https://other.example"),
        ("cors_origins", "https://*.example"),
        ("cors_origins", "null"),
        ("forwarded_allow_ips", "proxy"),
        ("forwarded_allow_ips", "10.0.0.1/8"),
        ("root_path", "films"),
        ("root_path", "/films//x"),
        ("root_path", "/../x"),
        ("root_path", "/a b"),
        ("root_path", "https://films.example/x"),
        ("root_path", "/v1"),
        ("root_path", "/docs/films"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, wrong: str) -> None:
    monkeypatch.setenv(f"RECSYS_{name.upper()}", wrong)
    with pytest.raises(ValidationError) as raised:
        Settings()
    assert raised.value.errors()[0]["loc"] == (name,)


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_CORS_ORIGINS", "https://a.example, http://localhost:3000,http://[::1]:80,")
    monkeypatch.setenv("RECSYS_FORWARDED_ALLOW_IPS", "127.0.0.1,10.0.0.0/8,::1")
    monkeypatch.setenv("RECSYS_ROOT_PATH", "/films/of-all.kinds/")
    settings = Settings()
    assert settings.cors_origins == ("https://a.example", "http://localhost:3000", "http://[::1]:80")
    assert settings.forwarded_allow_ips == ("127.0.0.1", "10.0.0.0/8", "::1")
    assert settings.root_path == "/films/of-all.kinds"


def test_every_address_of_the_server_begins_with_a_segment_that_a_prefix_may_not_have() -> None:
    paths = {context.path or "" for context in iter_route_contexts(create_app(Settings()).routes)}
    assert {path.split("/")[1] for path in paths} - {""} == OWN_SEGMENTS
