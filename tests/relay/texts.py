"""Texts that models write, as Hypothesis strategies: every script, every oddity, any cutting."""

from hypothesis import strategies as st

PHRASES = (
    "Sure, let me look at that.",
    "Let me look into that for you.",
    "Good question, let me think,",
    "look into that for you",
    "The museum opens at nine.",
    "You can come at nine.",
    "It's about 3.5 km, at 10:30",
    "a well-known one; Dr. Smith's, e.g. in the U.S.",
    "Dazu kann ich Folgendes sagen,",
    "Bonne question ! Alors « voyons »",
    "¿Qué tal? Déjame pensar un momento,",
    "Так, давайте посмотрим,",
    "سؤال جيد، لنرَ،",
    "मुझे एक पल सोचने दीजिए,",
    "好的，让我看一下。",
    "博物馆九点开门",
    "はい、少々お待ちください。",
    "잠시만요, 확인해 볼게요.",
    "ขอดูให้นะคะ พิพิธภัณฑ์เปิดเก้าโมง",
    "Cafe\u0301 nai\u0308ve Straße İstanbul",
)

ODDITIES = (
    "",
    " ",
    "\n",
    "\n\n",
    "\t",
    "...",
    "…",
    "?!",
    "'s",
    "’",
    '"',
    "»",
    "—",
    " - ",
    "%",
    "5",
    ".5",
    "🎉",
    "\ud800",
    "\x00",
    "\u200d",
    "\u2028",
    "yes",
    "No problem",
    "of course",
    "Sure, ",
    "let me ",
    "I'll cancel that, ",
    "None",
    "no opening ",
    "needed.",
    "-",
    "- ",
)

MARKUP = (
    "<think>",
    "</think>",
    "<THINKING >",
    "</thinking>",
    "<thought>",
    "</reasoning\n>",
    "[THINK]",
    "[/THINK]",
    "◁think▷",
    "<|im_end|>",
    "<|im_start|>",
    "<｜Assistant｜>",
    "<|user|>",
    "<start_of_turn>",
    "</s>",
    "<",
    "<|",
    "<thi",
    "nk>",
    "</",
    "[",
    "|>",
    "Assistant:",
    "**AI:** ",
    "AI",
    "assistant",
    "model\n",
    "user\n",
    "User: ",
    "助手：",
    "> ",
    "*",
    ":",
)

words = st.sampled_from([word for phrase in PHRASES for word in phrase.split()])
prose = st.lists(st.sampled_from(PHRASES) | words, min_size=1, max_size=4).map(" ".join)
soup = st.lists(
    st.sampled_from(PHRASES) | words | st.sampled_from(ODDITIES) | st.text(max_size=3), max_size=8
).map("".join)
marked_up_soup = st.lists(
    st.sampled_from(MARKUP) | st.sampled_from(MARKUP) | words | st.sampled_from(ODDITIES),
    max_size=10,
).map("".join)
any_text = soup | marked_up_soup | prose


@st.composite
def cuttings(draw: st.DrawFn, text: str) -> list[str]:
    """Cut a text anywhere, as the network or a tokenizer may; some pieces are empty."""
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    every_character = draw(st.booleans())
    if every_character:
        return list(text)
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
