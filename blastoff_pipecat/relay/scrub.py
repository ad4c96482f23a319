"""What a model writes that is never for the ear: thoughts, role labels, template tokens.

`Scrubber` filters one model's text as it streams. Text leaves it as soon as it can no longer
become part of something to be filtered, so it holds back at most `HOLD_LIMIT` characters outside a
thought, and what leaves it is the same however the stream is cut. Removed are

- thoughts: ``<think>…</think>`` and its spellings, with all they hold, closed or not;
- template tokens: ``<|im_end|>``, ``</s>``, ``<start_of_turn>`` and the like, with the role behind
  one that opens a turn; half a token at the end of the text goes too;
- role labels at the start of a line: ``Assistant:``, ``**AI:**``, ``助手：``;
- what a voice may trip over, as `SpeechSafe` says: control characters, and ``<tags>``.

A label or token of the user ("User: and how…") *after* some text begins a turn that the model
imagines. It and everything after it is dropped.
"""

import re
from typing import Literal, TypeAlias

from blastoff_pipecat.relay.scripts import is_unspaced

SpeechSafe: TypeAlias = Literal["off", "controls", "tags"]
"""What is kept from the voice: nothing; control characters; tags of up to `HOLD_LIMIT`, too."""

HOLD_LIMIT = 48
"""The most characters held back outside a thought, waiting to see what they become."""

_THOUGHTS = ("think", "thinking", "thought", "reasoning", "seed:think")
_BOT_LABELS = ("assistant", "ai", "bot", "chatbot", "助手", "アシスタント")
_USER_LABELS = ("user", "human", "system", "用户", "ユーザー")
_ROLES = ("assistant", "model", "user", "human", "system", "developer", "tool")
_OTHER_ROLES = (*_USER_LABELS, "developer", "tool")

# Every repetition below is bounded, and so is what is held back.
_ascii = re.IGNORECASE | re.ASCII
_thought = "|".join(_THOUGHTS)
_tag = re.compile(
    rf"<(/?)(?:{_thought})[ \t\n]{{0,8}}>|(?-i:\[(/?)THINK\])|◁(/?)think▷", re.IGNORECASE | re.ASCII
)
_close = re.compile(rf"</(?:{_thought})[ \t\n]{{0,8}}>|\[/THINK\]|◁/think▷", _ascii)
_token = re.compile(
    r"<[|｜]([^<>\n]{0,40})[|｜]>|</?s>|<(bos|eos|pad|unk|start_of_turn|end_of_turn)>"
)
_token_begun = re.compile(r"<[|｜][^<>\n]{0,41}")
_turn_openers = ("im_start", "start_header_id", "start", "start_of_turn")
_whole_marks = (
    *(f"<{slash}{name}>" for slash in ("", "/") for name in _THOUGHTS),
    *("[think]", "[/think]", "◁think▷", "◁/think▷", "<s>", "</s>"),
    *("<bos>", "<eos>", "<pad>", "<unk>", "<start_of_turn>", "<end_of_turn>"),
)
_markup = re.compile(r"(?:[*_#>][ \t*_#>]{0,11})?")
_label = re.compile(
    rf"{_markup.pattern}({'|'.join(_BOT_LABELS + _USER_LABELS)})[ \t*_]{{0,4}}[:：][ \t*_]{{0,4}}",
    _ascii,
)
_role = re.compile(rf"({'|'.join(_ROLES)})[ \t]{{0,4}}(?:[:：]|\n|(?=<)|\Z)", _ascii)
_controls = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"  # all but tab and line ends
_look_at = re.compile(rf"[<\[◁\n{_controls}]")
_control = re.compile(f"[{_controls}]")
_any_tag = re.compile(r"</?[A-Za-z!?][^<>\n]{0,44}>", re.ASCII)
_opens_tag = re.compile(r"<[<a-zA-Z/!?]")
_any_tag_begun = re.compile(r"<(/?[A-Za-z!?]([^<>\n]{0,44})?|/)?", re.ASCII)


class Scrubber:
    """Filters the text of one model while it streams."""

    def __init__(self, safe: SpeechSafe = "controls") -> None:
        """Start at the beginning of a text, and keep from it what is not `safe` for a voice."""
        self._controls = safe == "off"
        self._tags = safe != "tags"
        self._held = ""
        self._thinking = False
        self._turn_over = False  # the model imagines the user's next turn
        self._label_due = True  # what comes next may be a label
        self._role_due = False  # what comes next may be the role of a turn that a token opened
        self._begun = False  # something other than white space was let through
        self._last = ""  # the last character that was let through
        self._line_blank = True  # only white space was let through since the last line break
        self._gap = False  # something was removed since

    def feed(self, text: str) -> str:
        """Take the next piece of the model's text; return what may be said of it so far."""
        if self._is_plain(text):
            self._last = text[-1]
            if not text.isspace():
                self._begun, self._line_blank = True, False
            return text
        self._held += text if self._controls else _control.sub("", text)
        return self._drain(final=False)

    def flush(self) -> str:
        """Return what was held back, now that the text has ended."""
        text = self._drain(final=True)
        self._held = ""
        return text

    def _is_plain(self, text: str) -> bool:
        """Whether a piece, as nearly all are, goes straight through."""
        if self._held or self._label_due or self._gap or self._thinking or self._turn_over:
            return False
        return bool(text) and _look_at.search(text) is None

    def _drain(self, *, final: bool) -> str:
        out: list[str] = []
        while self._held and not self._turn_over:
            if self._thinking:
                more = self._leave_thought()
            elif self._label_due:
                more = self._pass_label(out, final)
            else:
                more = self._pass_text(out, final)
            if not more:
                break
        if self._turn_over:
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

    def _pass_label(self, out: list[str], final: bool) -> bool:
        """Drop a label at the start of a line; False while it may still become one."""
        spaces = len(self._held) - len(self._held.lstrip(" \t"))
        if spaces:
            self._let_through(out, spaces)
            return True
        label = (_role if self._role_due else _label).match(self._held)
        if label and (final or label.end() < len(self._held)):
            self._held = self._held[label.end() :]
            self._role_due = False
            self._begin_turn(label[1])
        elif not final and (label or self._may_be_label()):
            return False
        elif self._role_due:
            self._role_due = False
        else:
            self._label_due = False
        return True

    def _may_be_label(self) -> bool:
        if len(self._held) > HOLD_LIMIT:
            return False
        markup = None if self._role_due else _markup.match(self._held)
        rest = self._held[markup.end() if markup else 0 :].lower()
        return any(
            name.startswith(rest)
            or (rest.startswith(name) and len(rest) <= len(name) + 4 and not _letters(rest, name))
            for name in (_ROLES if self._role_due else _BOT_LABELS + _USER_LABELS)
        )

    def _begin_turn(self, role: str) -> None:
        self._turn_over = self._begun and role.lower() in _OTHER_ROLES

    def _pass_text(self, out: list[str], final: bool) -> bool:
        """Let text through up to the next thing to look at; False when that must wait."""
        found = _look_at.search(self._held)
        stop = found.start() if found else len(self._held)
        if stop:
            self._let_through(out, stop)
        elif self._held[0] == "\n":
            self._let_through(out, 1)
            self._label_due = True
        else:
            return self._pass_mark(out, final)
        return True

    def _pass_mark(self, out: list[str], final: bool) -> bool:
        tag = _tag.match(self._held)
        token = _token.match(self._held)
        found = tag or token or (None if self._tags else _any_tag.match(self._held))
        if found:
            self._held = self._held[found.end() :]
            self._gap = True
            self._label_due = self._line_blank
        if tag:
            self._thinking = not any(tag.groups())
        elif token:
            name = (token[1] or token[2] or "").strip()
            self._role_due = name in _turn_openers
            self._label_due = self._label_due or self._role_due
            self._begin_turn(name)
        elif found:
            return True
        elif not self._may_be_mark():
            if self._held[1:2] in ("|", "｜") or (not self._tags and _opens_tag.match(self._held)):
                self._held = self._held[1:]  # else one could be put together from pieces
            else:
                self._let_through(out, 1)
        elif not final:
            return False
        elif len(self._held) > 1:
            self._held = ""  # half a token, or half a tag
        else:
            self._let_through(out, 1)
        return True

    def _may_be_mark(self) -> bool:
        if len(self._held) > HOLD_LIMIT:
            return False
        if not self._tags and _any_tag_begun.fullmatch(self._held):
            return True
        bare = self._held.rstrip(" \t\n")
        return _token_begun.fullmatch(self._held) is not None or (
            len(self._held) - len(bare) <= 8
            and any(mark.startswith(bare.lower()) for mark in _whole_marks)
        )

    def _let_through(self, out: list[str], count: int) -> None:
        text, self._held = self._held[:count], self._held[count:]
        if self._gap and self._last and _needs_space(self._last, text[0]):
            out.append(" ")  # what stood on either side of something removed is not one word
        out.append(text)
        self._gap = False
        self._last = text[-1]
        self._begun = self._begun or not text.isspace()
        _, line_break, line = text.rpartition("\n")
        self._line_blank = not line.strip() and bool(line_break or self._line_blank)


def _letters(rest: str, name: str) -> str:
    return rest[len(name) :].strip(" \t*_")


def _needs_space(before: str, after: str) -> bool:
    if before.isspace() or after.isspace() or after in ".,;:!?…)":
        return False
    return not (is_unspaced(before) and is_unspaced(after))
