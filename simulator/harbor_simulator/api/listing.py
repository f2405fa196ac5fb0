"""Lists, split into pages as Harbor does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from harbor_simulator.messages import Request, Response, error, json_response

T = TypeVar("T")
PAGE_SIZE, LARGEST_PAGE = 10, 100


def paged(
    request: Request,
    items: Sequence[T],
    row: Callable[[T], object],
    refusal: Callable[[T], Response | None] = lambda _: None,
) -> Response:
    """The rows of the requested page, with X-Total-Count and a Link to the next one.

    If Harbor cannot show one of its rows, it refuses the whole page, with the `refusal` of that row.
    """
    query = request.query
    page, size = (int(query.get(name, default)) for name, default in (("page", 1), ("page_size", PAGE_SIZE)))
    if size > LARGEST_PAGE:
        text = f"validation failure list:\npage_size in query should be less than or equal to {LARGEST_PAGE}"
        return error(422, "UNPROCESSABLE_ENTITY", text)
    wanted = size
    size = size if size > 0 else len(items) or 1
    chosen = items[(page - 1) * size : page * size]
    refused = next(filter(None, map(refusal, chosen)), None)
    if refused:
        return refused
    headers = {"X-Total-Count": str(len(items))}
    if page * wanted < len(items) and wanted:
        following = urlencode(sorted({**query, "page": str(page + 1), "page_size": str(wanted)}.items()))
        headers["Link"] = f'<{request.path}?{following}>; rel="next"'
    return json_response([row(item) for item in chosen], **headers)
