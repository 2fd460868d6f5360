"""The names under which the Serve applications know each other, and by which `/health` lists them."""

from __future__ import annotations

LLM = "llm"
VLM = "vlm"
EMBEDDINGS = "embeddings"
RETRIEVAL = "retrieval"
PERSONA = "persona"
API = "api"
SUMMARIES = "summaries"  # only where there is a model for it

# The language model first: it takes longest, and processes are started in this order.
ALL = (LLM, EMBEDDINGS, RETRIEVAL, PERSONA, VLM, API)
