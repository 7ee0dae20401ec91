"""The shape in which the native routes say what is wrong: a problem document, RFC 9457."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Problem(BaseModel):
    """What went wrong with a request."""

    title: str = Field(description="The kind of problem, the same every time.", examples=["Unprocessable Content"])
    status: int = Field(description="The HTTP status.", examples=[422])
    detail: str = Field(description="What is wrong with this request.", examples=["body.pairs: Field required"])
