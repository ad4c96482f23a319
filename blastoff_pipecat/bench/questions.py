"""What is asked: everyday questions as they are spoken, short, each with a short answer."""

SYSTEM_INSTRUCTION = (
    "You are a friendly voice assistant. Answer in one or two short spoken sentences."
)

WARM_UP = "What can you help me with?"
"""Asked first, in every mode, and not counted."""

QUESTIONS: tuple[str, ...] = (
    "Why is the sky blue?",
    "How do I get a coffee stain out of a white shirt?",
    "What should I cook tonight, I only have eggs and rice?",
    "Can you explain what a mortgage is?",
    "My phone won't charge any more, what can I try?",
    "How long do I boil an egg so that it's still soft?",
    "What's a good present for a ten year old?",
    "I can't fall asleep lately, do you have a tip?",
    "How do planes stay up in the air?",
    "What do I need to bring for a day at the beach?",
    "Is it okay to water plants at noon?",
    "How do I say no to a colleague without being rude?",
    "What's the difference between a crocodile and an alligator?",
    "Could you tell me how to change a flat tyre?",
    "Why do cats purr?",
    "I have a job interview tomorrow, how do I calm down?",
    "What's the best way to learn a few words of Italian?",
    "How often should I replace my toothbrush?",
    "Why does bread go stale?",
    "My neighbour's dog barks all night, what would you do?",
)


def messages(question: str) -> list[dict[str, str]]:
    """Put a question as a conversation's first turn."""
    return [
        {"role": "system", "content": SYSTEM_INSTRUCTION},
        {"role": "user", "content": question},
    ]
