"""The web UI: static files, and index.html for every other path (the browser does the routing)."""

from __future__ import annotations

from .messages import Request, Response

ASSETS = {
    "/styles.css": ("text/css", b"body { margin: 0 }\n"),
    "/runtime.js": ("application/javascript", b"'use strict';\n"),
    "/main.js": ("application/javascript", b"document.title = 'Harbor';\n"),
    "/favicon.ico": ("image/x-icon", bytes(64)),
}
INDEX = b"""<!doctype html>
<html>
<head>
    <meta charset="utf-8">
    <title>Harbor</title>
    <base href="/">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <link rel="icon" type="image/x-icon" href="favicon.ico?v=2">
    <link rel="stylesheet" href="styles.css">
</head>
<body>
    <harbor-app>Loading...</harbor-app>
    <script src="runtime.js" type="module"></script>
    <script src="main.js" type="module"></script>
</body>
</html>
"""
BUILT = "Sun, 22 Nov 2026 06:16:50 GMT"


def answer(request: Request) -> Response:
    """A file of the web UI, or its index.html."""
    content_type, body = ASSETS.get(request.path, ("text/html", INDEX))
    headers = {
        "Content-Type": content_type,
        "Last-Modified": BUILT,
        "ETag": f'"6b0288d2-{len(body):x}"',
        "Cache-Control": "no-store, no-cache, must-revalidate",
        "Accept-Ranges": "bytes",
    }
    if content_type != "text/html":
        del headers["Cache-Control"]
    return Response(200, headers, body)


def foreign_page() -> Response:
    """The page of a reverse proxy whose route for / leads to another application."""
    body = b"<!doctype html>\n<html><head><title>Intranet</title></head><body>Lunch today: soup</body></html>\n"
    return Response(200, {"Content-Type": "text/html"}, body)
