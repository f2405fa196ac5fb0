"""Answers of Harbor's API that want our memory: each is a distortion, as those of simulator/hostile.py.

The right answer is taken for a pattern, so that every row has the fields that a probe reads.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from harborlib.harbor import endpoints
from harborlib.harbor.endpoints import BASE, Endpoint, Limits

from harbor_simulator.hostile import Distortion
from harbor_simulator.messages import Request, Response

ROWS = 100  # of a page
TOTAL = "99999999"
LONG = 250  # characters of a name
DENSE = 8_000_000  # bytes, a little less than the largest answer to anything
ROOM = 4096  # bytes and values by which a body stays below the limits
#: What is small on the wire and large in memory, and what it counts by request.check_bounds.
NEST = '{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}'
NEST_VALUES = 8


def limits_of(path: str) -> Limits:
    """The limits of the endpoint that is asked; the usual ones for what endpoints.py does not list."""
    for endpoint in vars(endpoints).values():
        if isinstance(endpoint, Endpoint):
            pattern = re.escape(BASE + endpoint.path).replace(r"\{\}", "[^/]+")
            if re.fullmatch(pattern, path):
                return endpoint.limits
    return endpoints.LITTLE


def dense(piece: str) -> Distortion:
    """8 MB of one small thing: the whole list, or one more field of an object."""
    flood = f"[{f'{piece},' * (DENSE // (len(piece) + 1))}{piece}]"

    def distortion(request: Request, response: Response) -> Response:
        value = json_of(response)
        if isinstance(value, list):
            return as_json(response, flood)
        return as_json(response, f'{json.dumps(value)[:-1]},"x":{flood}}}') if value else response

    return distortion


class FullForEver:
    """Every page is full, for ever, with long names, and each answer holds as much as our limits let in."""

    def __init__(self) -> None:
        self._bodies: dict[tuple[str, int], str] = {}

    def __call__(self, request: Request, response: Response) -> Response:
        value = json_of(response)
        if value is None:
            return response
        path = re.sub(r"/\d+", "/0", request.path)
        size = int(request.query.get("page_size", ROWS))
        if (path, size) not in self._bodies:
            self._bodies[path, size] = self._filled(path, value, size)
        return as_json(response, self._bodies[path, size])

    def _filled(self, path: str, value: Any, size: int) -> str:
        limits = limits_of(path)
        if not isinstance(value, list):
            return json.dumps(value)[:-1] + f',"x":{self._junk(json.dumps(value), limits)}}}'
        patterns = value or [{"name": "", "enabled": True, "status": "Failed", "start_time": "2026-11-22T06:00:00Z"}]
        rows = [json.dumps(renamed(patterns[number % len(patterns)], number)) for number in range(size)]
        text = f"[{','.join(rows)}]"
        return f'{text[:-2]},"x":{self._junk(text, limits)}}}]'

    @staticmethod
    def _junk(text: str, limits: Limits) -> str:
        values = limits.values - sum(map(text.count, ",[{")) - limits.values // 10
        nests = ",".join([NEST] * (values // NEST_VALUES))
        letters = "\u00e4" * max(0, (limits.size - ROOM - len(text) - len(nests)) // 2)
        return f'["{letters}",{nests or 1}]'


def renamed(row: dict[str, Any], number: int) -> dict[str, Any]:
    """With a long name of its own, enabled, and with a number of its own."""
    name = f"{number:05d}".ljust(LONG, "x")
    changes: dict[str, Any] = {key: name for key in ("name", "job_type", "worker_pool_id") if key in row}
    if row.get("ref"):
        changes["ref"] = {**row["ref"], "name": name}
    if "enabled" in row:
        changes["enabled"] = True
    if "expires_at" in row:
        changes["expires_at"] = 1
    return {**row, **changes, "id": number + 1}


def cut_short(request: Request, response: Response) -> Response:
    """Every list is empty and announces 500 rows."""
    if not isinstance(json_of(response), list):
        return response
    return replace(response, headers={**response.headers, "X-Total-Count": "500"}, body=b"[]")


def json_of(response: Response) -> Any:
    """The JSON of a good answer; None for any other."""
    try:
        return json.loads(response.body) if response.status == 200 else None
    except ValueError:
        return None


def as_json(response: Response, text: str) -> Response:
    headers = {"Content-Type": "application/json", "X-Total-Count": TOTAL}
    return replace(response, headers={**response.headers, **headers}, body=text.encode())
