"""An opening that the small model picks from lines that the bot's owner approved."""

from collections.abc import Callable, Iterable, Sequence

from blastoff_pipecat.relay.decline import declines, may_decline
from blastoff_pipecat.relay.opening import Opening, begins
from blastoff_pipecat.relay.scripts import count_words, plain


class ChosenOpening(Opening):
    """An opening picked by the small model from approved lines."""

    def __init__(self, lines: Sequence[str], *, recent: Iterable[str] = ()) -> None:
        """Start a choice.

        Args:
            lines: The approved lines; the first is the neutral one.
            recent: The last few replies: a line that began one is left out while there is another.

        Raises:
            ValueError: There is no line to choose from.
        """
        super().__init__()
        sayable: dict[str, str] = {}
        for line in lines:
            if words := plain(line):
                sayable.setdefault(words, line.strip())
        if not sayable:
            raise ValueError("openings: style 'choose' needs at least one line to choose from")
        used = tuple(plain(reply) for reply in recent)
        fresh = {words: line for words, line in sayable.items() if not begins(used, words)}
        self._lines = fresh or sayable
        self.lines = tuple(self._lines.values())
        self._written = ""
        self._before = ""  # what stands before the line
        self._in_key = False  # inside the key of a JSON object

    def feed(self, text: str) -> list[str]:
        """Take the next piece of the model's text; return the line once it is certain."""
        if self.done:
            return []
        for char in text:  # one by one, so that it makes no difference how the text was cut
            if self._before_line(char):
                self._before += char
                continue
            self._written += char
            self._decide()
            if self.done:
                return [self.text]
        return []

    def _before_line(self, char: str) -> bool:
        """Tell whether a character stands before the line: `2. "`, `{"opening": "`."""
        if not self._written and char in "{:":
            self._in_key = char == "{"
        begun = (
            self._written or char.isalpha() or any(line.startswith(char) for line in self._lines)
        )
        return self._in_key or not begun

    def narrow(self, fits: Callable[[str], bool]) -> None:
        """Leave out the lines that do not fit, but for the shortest; before anything was fed."""
        fitting = {plain: line for plain, line in self._lines.items() if fits(line)}
        if not fitting:
            plain = min(self._lines, key=lambda plain: count_words(plain))
            fitting = {plain: self._lines[plain]}
        self._lines = fitting
        self.lines = tuple(fitting.values())

    def _decide(self) -> None:
        written = plain(self._written)
        fits = self._fitting(written)
        if len(fits) > 1 or may_decline(written):
            return
        whole = [words for words in self._lines if f"{written} ".startswith(f"{words} ")]
        self._settle(fits[0] if fits else self._lines[max(whole, key=len)] if whole else "")

    def _fitting(self, written: str) -> list[str]:
        return [line for words, line in self._lines.items() if words.startswith(written)]

    def end(self, *, cut_off: bool) -> list[str]:
        """Settle on the first line that fits what was written; on none, if nothing was."""
        if self.done:
            return []
        written = plain(self._written)
        fits = self._fitting(written)
        if not (written and fits):
            self.done = True
            self.declined = not cut_off and declines(self._before + written)
            return []
        self._settle(self._lines.get(written) or fits[0])
        return [self.text]

    def _settle(self, line: str) -> None:
        self.text = line or self.lines[0]
        self.done = True
