"""The Serve deployments that think: language model, embeddings, retrieval, persona, HTTP API."""

import os

# Serve runs each replica's code in a thread of its own, against code that blocks. Nothing here does for longer than
# some milliseconds once it has started, and every hop between threads costs each chunk of a reply
# (`bench.llm_overhead`). Ray hands the environment of the process that starts it to its workers.
for _name, _value in {
    "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
    "RAY_SERVE_REQUEST_PATH_LOG_BUFFER_SIZE": "1000",
    # Requests and chunks go from process to process by gRPC instead of as results of Ray tasks, each of which takes
    # more hops.
    "RAY_SERVE_USE_GRPC_BY_DEFAULT": "1",
    # A handle asks how busy a replica is before it sends what it has not sent for so long (10 s by default), which is
    # each first line after a pause. It knows what it sent, and a replica that is full refuses.
    "RAY_SERVE_QUEUE_LENGTH_CACHE_TIMEOUT_S": "3600",
}.items():
    os.environ.setdefault(_name, _value)
