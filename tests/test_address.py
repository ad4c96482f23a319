"""Where a server cannot listen: said before anything is loaded."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from blastoff_pipecat.address import check_address
from tests.kit.environment import clean_environment


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        yield other.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_taken_port_is_named(taken: int, host: str) -> None:
    """The message tells the port, what may be running, and the way out."""
    with pytest.raises(
        OSError, match=f"Port {taken} of {host} is taken. Is the bot running"
    ) as why:
        check_address(host, taken, program="bot")
    assert f"--port {taken + 1}" in str(why.value)


def test_a_port_is_free_again_once_its_server_ended(taken: int) -> None:
    """What was taken a moment ago, with a connection still closing, may be used."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        with closing(socket.create_connection(("127.0.0.1", port))):
            server.accept()[0].close()
    check_address("127.0.0.1", port, program="server")
    check_address("127.0.0.1", 0, program="server")


@pytest.mark.parametrize("host", ["203.0.113.9", "no-such-host.invalid", "", "a" * 70, "a..b"])
def test_an_address_of_another_computer_is_named(host: str) -> None:
    """A documentation address, a name nobody has, and what is no name at all."""
    with pytest.raises(OSError, match=r"Cannot listen on .*Choose another --host"):
        check_address(host, 0, program="server")


def test_the_server_says_so_before_it_loads_a_model(taken: int, tmp_path: Path) -> None:
    """`blastoff serve` with nothing configured: one line that says whose port, and no model."""
    command = (sys.executable, "-m", "blastoff_pipecat", "serve", "--port", str(taken))
    ended = subprocess.run(
        command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert f"Port {taken} of 127.0.0.1 is taken. Is the server running already?" in ended.stderr
    assert "Loading" not in ended.stderr
    assert "Traceback" not in ended.stderr
