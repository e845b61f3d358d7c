"""How many tokens a text has, by a rule that needs no tokenizer."""

from __future__ import annotations

# OpenAI's rule of thumb for English: "1 token ~= 4 chars" (help.openai.com, "What are tokens and how to count them?").
CHARS_PER_TOKEN = 4


def estimate_tokens(text: str) -> int:
    """Tokens of an English text by the rule of four characters a token, rounded up; other scripts take more."""
    return -(-len(text) // CHARS_PER_TOKEN)
