"""``/v1/embeddings``: the static embedder, which needs no network and no model file."""

from __future__ import annotations

import asyncio
import base64
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from personarium.apps.server.chat_schema import WHOLE
from personarium.apps.server.errors import ApiError, documented
from personarium.apps.server.json_reply import JsonReply
from personarium.apps.server.keys import Key, require
from personarium.core.errors import shorten
from personarium.core.tokens import estimate_tokens
from personarium.text.embed import load_embedder

router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])
MODEL, DIMENSIONS = "static", 128
MOST_TEXTS = 2048  # as at OpenAI
Text = Annotated[str, Field(min_length=1)]


class EmbeddingRequest(BaseModel):
    """Texts to be embedded."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: Annotated[str, Field(description="`static`.")]
    input: Text | Annotated[list[Text], Field(min_length=1, max_length=MOST_TEXTS)]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=DIMENSIONS, le=DIMENSIONS), WHOLE] | None = None
    user: str | None = None


class Embedding(BaseModel):
    """One text's vector: numbers, or the bytes of little-endian 32-bit floats in base64."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    """Tokens, by estimate."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(BaseModel):
    """The vectors, in the order of the texts."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: EmbeddingUsage


@router.post("/embeddings", response_model=EmbeddingList, responses=documented(404))
async def create_embeddings(
    body: EmbeddingRequest, request: Request, key: Annotated[Key, Depends(require("embeddings"))]
) -> Response:
    """Embed texts with the static embedder."""
    if body.model != MODEL:
        message = f"the model {shorten(body.model, 80)} does not exist; texts are embedded by {MODEL}"
        raise ApiError(404, message, code="model_not_found", param="model")
    texts = [body.input] if isinstance(body.input, str) else body.input
    return JsonReply(await asyncio.to_thread(_embedded, texts, body))


def _embedded(texts: list[str], body: EmbeddingRequest) -> dict[str, object]:
    vectors = load_embedder(MODEL).embed(texts)
    packed = body.encoding_format == "base64"
    rows = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(row.astype("<f4").tobytes()).decode() if packed else row.tolist(),
        }
        for index, row in enumerate(vectors)
    ]
    tokens = sum(map(estimate_tokens, texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": rows, "model": MODEL, "usage": usage}
