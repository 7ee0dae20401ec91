"""What a server can be told, by environment variables that begin with RECSYS_."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one server; RECSYS_ARTIFACT sets `artifact`, and so on."""

    model_config = SettingsConfigDict(env_prefix="RECSYS_")

    artifact: Path = Field(default=Path("artifacts/latest"), description="Directory of the artefact to answer from.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    max_pairs: int = Field(default=10_000, ge=1, description="Most pairs that one request may ask for.")
