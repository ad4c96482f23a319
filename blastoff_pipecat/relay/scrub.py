"""What a model writes that is never for the ear: thoughts, role labels, template tokens.

`Scrubber` filters one model's text as it streams. Text leaves it as soon as it can no longer
become part of something to be filtered, so it holds back at most `HOLD_LIMIT` characters outside a
thought, wherever the stream happens to be cut. Removed are

- thoughts: ``<think>…</think>`` and its spellings, with all they hold, closed or not;
- template tokens: ``<|im_end|>`` and the like;
- a role label at the start of a line: ``Assistant:``, ``**AI:**``, ``助手：``.

A *later* line that starts with the label of the user ("User: and how…") is a turn that the model
imagines. It and everything after it is dropped.
"""

import re

HOLD_LIMIT = 48
"""The most characters held back outside a thought, waiting to see what they become."""

_THOUGHTS = ("think", "thinking", "thought", "reasoning")
_BOT_LABELS = ("assistant", "ai", "bot", "chatbot", "助手", "アシスタント")
_USER_LABELS = ("user", "human", "system", "用户", "ユーザー")

_tag = re.compile(rf"<(/?)(?:{'|'.join(_THOUGHTS)})\s*>", re.IGNORECASE)
_close = re.compile(rf"</(?:{'|'.join(_THOUGHTS)})\s*>", re.IGNORECASE)
_token = re.compile(r"<[|｜][^<>\n]{0,40}[|｜]>")
_token_begun = re.compile(r"<[|｜][^<>\n]{0,41}")
_label = re.compile(
    rf"[ \t*_#>]*({'|'.join(_BOT_LABELS + _USER_LABELS)})[ \t*_]*[:：][ \t*_]*", re.IGNORECASE
)
_markup = re.compile(r"[ \t*_#>]*")
_partial_tags = tuple(f"<{slash}{name}>" for slash in ("", "/") for name in _THOUGHTS)


class Scrubber:
    """Filters the text of one model while it streams."""

    def __init__(self) -> None:
        """Start at the beginning of a text."""
        self._held = ""
        self._thinking = False
        self._line_start = True
        self._first_line = True
        self._imagined_turn = False

    def feed(self, text: str) -> str:
        """Take the next piece of the model's text; return what may be said of it so far."""
        if self._imagined_turn:
            return ""
        if not (self._held or self._thinking or self._line_start or "<" in text or "\n" in text):
            return text
        self._held += text
        return self._drain(final=False)

    def flush(self) -> str:
        """Return what was held back, now that the text has ended."""
        return "" if self._imagined_turn else self._drain(final=True)

    def _drain(self, *, final: bool) -> str:
        out: list[str] = []
        while self._held:
            if self._thinking:
                if not self._leave_thought():
                    break
            elif self._line_start:
                if not self._pass_label(final):
                    break
            elif not self._pass_text(out, final):
                break
        if final:
            self._held = ""
        return "".join(out)

    def _leave_thought(self) -> bool:
        """Drop text up to the end of the thought; False while its end is not here."""
        end = _close.search(self._held)
        if end is None:
            self._held = self._held[-(HOLD_LIMIT // 2) :]
            return False
        self._held = self._held[end.end() :]
        self._thinking = False
        return True

    def _pass_label(self, final: bool) -> bool:
        """Drop a label at the start of a line; False while it may still become one."""
        label = _label.match(self._held)
        if label and (final or label.end() < len(self._held)):
            if label[1].casefold() in _USER_LABELS and not self._first_line:
                self._imagined_turn = True
                self._held = ""
                return False
            self._held = self._held[label.end() :]
        elif not final and (label or self._may_be_label()) and len(self._held) <= HOLD_LIMIT:
            return False
        if not self._held.startswith(("<", "\n")):
            self._first_line = False
        self._line_start = False
        return True

    def _may_be_label(self) -> bool:
        start = _markup.match(self._held)
        rest = self._held[start.end() if start else 0 :].casefold()
        if not rest:
            return True
        return any(
            name.startswith(rest)
            or (rest.startswith(name) and not rest[len(name) :].strip(" \t*_"))
            for name in _BOT_LABELS + _USER_LABELS
        )

    def _pass_text(self, out: list[str], final: bool) -> bool:
        """Move text to `out` up to the next thing to look at; False when that must wait."""
        held = self._held
        stop = min((at for at in (held.find("<"), held.find("\n")) if at >= 0), default=len(held))
        if stop:
            out.append(held[:stop])
            self._held = held[stop:]
            return True
        if held[0] == "\n":
            out.append("\n")
            self._held = held[1:]
            self._line_start = True
            return True
        return self._pass_angle(out, final)

    def _pass_angle(self, out: list[str], final: bool) -> bool:
        tag = _tag.match(self._held)
        token = _token.match(self._held)
        if tag:
            self._thinking = not tag[1]
            self._held = self._held[tag.end() :]
            self._line_start = self._line_start or self._first_line
            return True
        if token:
            self._held = self._held[token.end() :]
            self._line_start = self._line_start or self._first_line
            return True
        if not final and self._may_be_angle():
            return False
        out.append("<")
        self._held = self._held[1:]
        self._first_line = False
        return True

    def _may_be_angle(self) -> bool:
        held = self._held.casefold()
        return len(held) <= HOLD_LIMIT and (
            any(tag.startswith(held.rstrip()) for tag in _partial_tags)
            or _token_begun.fullmatch(held) is not None
        )
