"""The Serve deployments that think: language model, embeddings, retrieval, persona, HTTP API."""
