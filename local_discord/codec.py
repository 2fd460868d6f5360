"""JSON as bytes, by orjson where it is installed, else by the standard library.

`Doc` is a JSON object as a dict: the shape of everything Discord sends, receives and that the store keeps.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Doc = dict[str, Any]

dumps: Callable[[Any], bytes]
loads: Callable[[bytes | str], Any]

try:
    import orjson
except ImportError:

    def _dumps(value: Any) -> bytes:
        return json.dumps(value, separators=(",", ":")).encode()

    dumps, loads = _dumps, json.loads
else:
    dumps, loads = orjson.dumps, orjson.loads
