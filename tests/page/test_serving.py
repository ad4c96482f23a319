"""The page as an app serves it, and what it consists of."""

import re
import shutil
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import RedirectResponse

from blastoff_pipecat import page
from blastoff_pipecat.page import STATIC, add_page

TYPES = {
    "/": "text/html; charset=utf-8",
    "/blastoff/page.js": "text/javascript; charset=utf-8",
    "/blastoff/page.css": "text/css; charset=utf-8",
    "/blastoff/icon.svg": "image/svg+xml",
    "/blastoff/LICENSES.txt": "text/plain; charset=utf-8",
}

NEVER_FETCHED = {
    "http://www.w3.org/2000/svg",  # the name of a language
    "https://github.com/pipecat-ai/pipecat-client-web.git",  # the client's own package.json
    "https://github.com/uuidjs/uuid#getrandomvalues-not-supported",  # in the text of an error
}


def app() -> FastAPI:
    served = FastAPI()
    add_page(served)

    @served.get("/")
    async def runners_own() -> RedirectResponse:
        return RedirectResponse("/client/")

    return served


def asking(served: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://localhost")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with asking(app()) as client:
        yield client


@pytest.mark.parametrize("path", TYPES)
async def test_every_part_has_its_type_and_is_asked_about_each_time(
    client: httpx.AsyncClient, path: str
) -> None:
    """Not guessed by the browser, and never used from its cache without asking."""
    response = await client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == TYPES[path]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-cache"
    assert response.content


async def test_nothing_else_is_served(client: httpx.AsyncClient) -> None:
    """One route for each file, none beside."""
    assert {f"/blastoff/{path.name}" for path in STATIC.iterdir()} == {
        path if path != "/" else "/blastoff/index.html" for path in TYPES
    }
    for path in ("/blastoff/", "/blastoff/index.html", "/blastoff/../__init__.py"):
        assert (await client.get(path)).status_code == 404


async def test_the_page_wins_over_the_runners_own(client: httpx.AsyncClient) -> None:
    """Where it is added first."""
    response = await client.get("/")
    assert response.status_code == 200
    assert "BlastOff" in response.text


@pytest.mark.parametrize("path", TYPES)
async def test_what_the_browser_has_is_not_sent_again(client: httpx.AsyncClient, path: str) -> None:
    """By its tag: alone, in a list, or weakened by a proxy that compresses."""
    etag = (await client.get(path)).headers["etag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}"):
        response = await client.get(path, headers={"If-None-Match": known})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
        assert response.headers["cache-control"] == "no-cache"
        assert "content-type" not in response.headers


async def test_an_upgrade_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that has changed gets another tag and is sent."""
    upgraded = shutil.copytree(STATIC, tmp_path / "static")
    (upgraded / "page.js").write_text("export const version = 2;")
    async with asking(app()) as before:
        etag = (await before.get("/blastoff/page.js")).headers["etag"]
    monkeypatch.setattr(page, "STATIC", upgraded)
    async with asking(app()) as after:
        response = await after.get("/blastoff/page.js", headers={"If-None-Match": etag})
    assert (response.status_code, response.text) == (200, "export const version = 2;")
    assert response.headers["etag"] != etag


async def test_a_head_request_gets_the_headers(client: httpx.AsyncClient) -> None:
    """As monitoring asks."""
    head, get = await client.head("/"), await client.get("/")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers


@pytest.mark.parametrize("path", TYPES)
async def test_the_page_may_talk_to_its_own_server_only(
    client: httpx.AsyncClient, path: str
) -> None:
    """Its policy lets it load, run and send nothing else, and be framed by nobody."""
    policy = (await client.get(path)).headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert set(rules.values()) == {"'none'", "'self'"}
    assert rules["frame-ancestors"] == "'none'"


async def test_the_page_is_no_part_of_the_api(client: httpx.AsyncClient) -> None:
    """An OpenAPI document is for programs."""
    document = (await client.get("/openapi.json")).json()
    assert "/blastoff/page.js" not in document["paths"]


async def test_all_that_the_page_refers_to_is_served(client: httpx.AsyncClient) -> None:
    """Its own style, script, icon and licences, by paths of its own server."""

    class References(HTMLParser):
        found: list[str] = []  # noqa: RUF012 - one page, one parser

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found += [value or "" for name, value in attrs if name in ("src", "href")]

    references = References()
    references.feed((await client.get("/")).text)
    assert len(references.found) == 4
    for path in references.found:
        assert path.startswith("/blastoff/")
        assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize("name", ["index.html", "page.js", "page.css", "icon.svg"])
def test_no_other_host_is_named_to_be_fetched_from(name: str) -> None:
    """No CDN, no tracker, no font: every address in it is a name, or in a text."""
    text = (STATIC / name).read_text()
    addresses = set(re.findall(r"(?:https?|wss?):(?://|\\/\\/)[^\s\"'`<>)]+", text))
    assert addresses <= NEVER_FETCHED
    assert not re.search(r"[\"'`(]//[a-z0-9-]+\.[a-z]", text)
    assert "@import" not in text


def test_the_licences_of_all_that_is_bundled_come_with_it() -> None:
    """Each with its text and whose it is."""
    text = (STATIC / "LICENSES.txt").read_text()
    for name in ("client-js", "small-webrtc-transport", "lodash", "uuid", "wavtools", "events"):
        assert re.search(rf"^\S*{name} .*\((MIT|BSD-2-Clause)\)", text, re.MULTILINE)
    assert text.count("Copyright") >= 6
    script = (STATIC / "page.js").read_text()
    assert "daily.co/call-machine" not in script
    assert "sentry" not in script.lower()
