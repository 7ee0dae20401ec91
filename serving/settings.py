"""What a server can be told, by environment variables that begin with RECSYS_."""

from __future__ import annotations

import ipaddress
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from serving import unknown_settings

PREFIX = "RECSYS_"

# Where this server's own addresses begin; see `root_path`.
OWN_SEGMENTS = frozenset(
    {"v1", "v2", "static", "docs", "openapi.json", "health", "ping", "version", "invocations", "metrics"}
)


def _separated(given: object) -> object:
    """What stands between commas."""
    return tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given


Separated = Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_separated)]


class Settings(BaseSettings):
    """Settings of one server; RECSYS_ARTIFACT sets `artifact`, and so on."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, hide_input_in_errors=True)  # an error never shows the key

    artifact: Path = Field(default=Path("artifacts/latest"), description="Directory of the artefact to answer from.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    uds: Path | None = Field(default=None, description="Path of a Unix socket to listen on, instead of host and port.")
    workers: int = Field(default=1, ge=1, le=1024, description="Processes that answer, which share the model's memory.")
    api_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Key that clients must send, as X-API-Key or as Authorization: Bearer; none is asked for if unset.",
    )
    allow_unauthenticated: bool = Field(
        default=False, description="Listen on an address that others can reach although there is no key."
    )
    ratings_database: SecretStr | None = Field(
        default=None,
        description="SQLAlchemy URL of a database that keeps ratings that clients send, such as sqlite:///ratings.db; "
        "none are taken if unset. It needs a key.",
    )
    max_pairs: int = Field(default=10_000, ge=1, description="Most pairs that one request may ask for.")
    max_body_bytes: int = Field(default=2_000_000, ge=1, description="Longest request body.")
    root_path: str = Field(
        default="", description="Path under which a reverse proxy shows this server, such as /films; it may strip it."
    )
    forwarded_allow_ips: Separated = Field(
        default=None,
        description="Proxies, by address or network, between commas, whose X-Forwarded-For and X-Forwarded-Proto are "
        "believed; * for any peer. Nobody's are if unset.",
    )
    cors_origins: Separated = Field(
        default=None,
        description="Origins, between commas, whose pages may ask from a browser, such as https://films.example; "
        "* for any. Only this server's own page may if unset.",
    )
    reload_seconds: float = Field(default=1.0, ge=0.05, description="How often to look for a new artefact.")
    # A proxy looks every few seconds whether a server is ready, and some seconds later it sends no more.
    drain_seconds: float = Field(
        default=0.0, ge=0, description="How long to go on answering after SIGTERM, no longer ready, before stopping."
    )
    # Importing takes a second, but minutes where many workers share little of a processor, or a disk far away.
    startup_seconds: float = Field(
        default=300.0, gt=0, description="Longest time for one of several workers to start; then another replaces it."
    )
    # Of one worker. Some processes have 1024 file descriptors, and no proxy keeps that many connections open.
    max_connections: int = Field(
        default=900, ge=1, description="Most connections of a worker; the one that waits longest makes room."
    )
    # As nginx's; browsers and libraries send below 1 kB, gateways add cookies and tokens.
    max_header_bytes: int = Field(
        default=32_768, ge=1024, description="Longest head of a request: address and headers."
    )
    # As Apache's: a client on a bad line takes a second.
    header_seconds: float = Field(default=20.0, gt=0, description="Longest time for the head of a request to arrive.")
    # 2 MB in it take 270 kbit/s, a bad mobile line.
    body_seconds: float = Field(
        default=60.0, gt=0, description="Longest time for the body of a request to arrive, or an answer to be read."
    )
    # Beyond the 60 s for which load balancers keep a connection: the side that asks should close first.
    keep_alive_seconds: float = Field(default=75.0, gt=0, description="How long a connection may be idle.")

    @field_validator("api_key")
    @classmethod
    def _sendable(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not (key.get_secret_value().isascii() and key.get_secret_value().isprintable()):
            raise ValueError("a header can only carry printable ASCII characters")
        return key

    @field_validator("root_path")
    @classmethod
    def _a_prefix(cls, path: str) -> str:
        path = path.rstrip("/")
        if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", path) or {".", ".."} & set(path.split("/")):
            raise ValueError("give a path such as /films, of letters, digits and -._~")
        if path and (segment := path.split("/")[1]) in OWN_SEGMENTS:
            # One could not tell whether the proxy has stripped it.
            raise ValueError(f"the server has addresses of its own under /{segment}; choose another path")
        return path

    @field_validator("forwarded_allow_ips")
    @classmethod
    def _addresses(cls, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for peer in given or ():
            if peer != "*":
                ipaddress.ip_network(peer)  # its error names what is wrong
        return given

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for origin in given or ():
            if origin != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[a-z0-9.\-_\[\]:]+", origin):
                raise ValueError(f"{origin!r} is no origin; one is a scheme and a host, such as https://films.example")
        return given

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: object) -> object:
        unknown_settings.refuse_unknown(os.environ, PREFIX, cls.model_fields)
        return given

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.uds is None and self.api_key is None and not self.allow_unauthenticated and not _is_loopback(self.host):
            raise ValueError(
                f"others can reach {self.host}: set RECSYS_API_KEY, or RECSYS_ALLOW_UNAUTHENTICATED=true "
                "if something else decides who may ask"
            )
        if self.ratings_database is not None and self.api_key is None:
            raise ValueError(
                "RECSYS_RATINGS_DATABASE needs RECSYS_API_KEY: whoever may ask could change and delete what others rate"
            )
        if self.ratings_database is not None and find_spec("sqlalchemy") is None:
            raise ValueError("RECSYS_RATINGS_DATABASE needs SQLAlchemy: pip install 'recsys[ratings]'")
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"  # any other name may come to mean any address
