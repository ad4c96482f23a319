r"""Server-sent events from raw bytes. Pure: no I/O, no JSON.

Lines end at ``\n`` or ``\r\n`` and nowhere else: U+2028, U+0085 and VT, at which
``str.splitlines`` cuts as well, occur inside JSON texts.
"""

_FIELDS = (b"data", b"event", b"id", b"retry")
_BOM = b"\xef\xbb\xbf"


class SseDecoder:
    """Cuts a byte stream into the payloads of its ``data:`` fields.

    Attributes:
        is_stream: Whether the first line that is not blank was a line of an event stream; None as
            long as no whole line has come. Where it is False nothing is decoded: the caller has
            another kind of body in hand.
        odd: The first line of a stream that none should have; such lines are passed over.
        pending: How many bytes have come since the last event was whole.
    """

    __slots__ = ("_data", "_rest", "is_stream", "odd", "pending")

    def __init__(self) -> None:
        """Start before the first byte."""
        self.is_stream: bool | None = None
        self.odd: bytes | None = None
        self.pending = 0
        self._rest: list[bytes] = []  # pieces of the last line, as long as its end has not come
        self._data: list[bytes] = []  # data lines of the event that is not yet over

    def feed(self, raw: bytes) -> list[bytes]:
        """Return the payloads of the events that ``raw`` completes."""
        if (
            raw[:6] == b"data: "
            and raw[-2:] == b"\n\n"
            and not (self.pending or self.is_stream is False)
        ):
            # Whole events of one line each, as nearly all are: they need no look at every line.
            whole = raw[6:-2].split(b"\n\ndata: ")
            if raw.count(b"\n") == 2 * len(whole) and b"\r" not in raw:
                self.is_stream = True
                return whole
        self.pending += len(raw)
        lines = raw.split(b"\n")
        if self._rest:
            # Each piece is looked at once: a line may come in any number of reads.
            if len(lines) == 1:
                self._rest.append(raw)
                return []
            lines[0] = b"".join((*self._rest, lines[0]))
        last = lines.pop()
        self._rest = [last] if last else []
        if not self.is_stream and (self.is_stream is False or not self._recognise(lines)):
            return []
        payloads: list[bytes] = []
        data = self._data
        for line in lines:
            if line.endswith(b"\r"):
                line = line[:-1]
            if line.startswith(b"data:"):
                data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif not line:
                if data:
                    payloads.append(data[0] if len(data) == 1 else b"\n".join(data))
                    data.clear()
            elif self.odd is None and not _is_field(line):
                self.odd = line
        if payloads:
            self.pending = len(last) + sum(map(len, data)) + len(data)
        return payloads

    def flush(self) -> list[bytes]:
        """Return the payload of a last event that lacks its blank line."""
        return self.feed(b"\n\n") if self._rest else self.feed(b"\n")

    def _recognise(self, lines: list[bytes]) -> bool:
        """Decide by the first line with anything on it whether this is an event stream."""
        for number, line in enumerate(lines):
            bare = line.removeprefix(_BOM).rstrip(b"\r")
            if not bare.strip():
                continue
            self.is_stream = _is_field(bare)
            lines[number] = bare
            return self.is_stream
        return False


def _is_field(line: bytes) -> bool:
    """Whether a line is a comment, or a field that event streams have."""
    name, colon, _ = line.partition(b":")
    return name in _FIELDS or (not name and bool(colon))
