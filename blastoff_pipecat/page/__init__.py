"""The page that the browser bot serves: talk, read along, and see when each model was heard."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

__all__ = ["add_page"]

STATIC = Path(__file__).parent / "static"
"""What `npm run build` in `web/` writes."""

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""Content types by file name: the system's own table may be incomplete, or wrong for `.js`."""

HEADERS = {
    # The page talks to the server that it came from, and to nobody else. Sound does not go by
    # these rules: a WebRTC connection is made where the server's answer says.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), display-capture=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Kept by the browser, but asked about each time: after an upgrade the new page is seen.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    media_type: str
    etag: str

    @classmethod
    def read(cls, path: Path) -> "_Asset":
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return cls(content, TYPES[path.suffix], f'"{digest[:32]}"')

    async def serve(self, request: Request) -> Response:
        headers = {**HEADERS, "ETag": self.etag}
        if self._is_known_by(request):
            return Response(status_code=304, headers=headers)
        return Response(self.content, headers=headers, media_type=self.media_type)

    def _is_known_by(self, request: Request) -> bool:
        known = request.headers.get("if-none-match", "")
        # A proxy that compresses what it passes on makes the tag a weak one.
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return self.etag in tags or "*" in tags


def add_page(app: FastAPI) -> None:
    """Serve the page at `/`, and what it consists of under `/blastoff/`.

    Call it before the runner's `main()`: of two routes for `/`, the first one wins.

    Args:
        app: Pipecat's runner's own app (`pipecat.runner.run.app`), or any other that answers
            `POST /start` and the session's offers as that one does.
    """
    for path in sorted(STATIC.iterdir()):
        asset = _Asset.read(path)
        route = "/" if path.name == "index.html" else f"/blastoff/{path.name}"
        app.add_route(route, asset.serve, methods=["GET", "HEAD"], include_in_schema=False)
