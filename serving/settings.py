"""What a server can be told, by environment variables that begin with RECSYS_."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one server; RECSYS_ARTIFACT sets `artifact`, and so on."""

    model_config = SettingsConfigDict(env_prefix="RECSYS_", hide_input_in_errors=True)  # an error never shows the key

    artifact: Path = Field(default=Path("artifacts/latest"), description="Directory of the artefact to answer from.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    workers: int = Field(default=1, ge=1, le=1024, description="Processes that answer, which share the model's memory.")
    api_key: SecretStr | None = Field(
        default=None, min_length=16, description="Key that clients must send as X-API-Key; none is asked for if unset."
    )
    allow_unauthenticated: bool = Field(
        default=False, description="Listen on an address that others can reach although there is no key."
    )
    max_pairs: int = Field(default=10_000, ge=1, description="Most pairs that one request may ask for.")
    max_body_bytes: int = Field(default=2_000_000, ge=1, description="Longest request body.")
    reload_seconds: float = Field(default=1.0, ge=0.05, description="How often to look for a new artefact.")

    @field_validator("api_key")
    @classmethod
    def _sendable(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not (key.get_secret_value().isascii() and key.get_secret_value().isprintable()):
            raise ValueError("a header can only carry printable ASCII characters")
        return key

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.api_key is None and not self.allow_unauthenticated and not _is_loopback(self.host):
            raise ValueError(
                f"others can reach {self.host}: set RECSYS_API_KEY, or RECSYS_ALLOW_UNAUTHENTICATED=true "
                "if something else decides who may ask"
            )
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"  # any other name may come to mean any address
