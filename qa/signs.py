"""Word lists as patterns, for what a question asks and what a sentence shows."""

import re


def any_of(words: str, *patterns: str) -> re.Pattern[str]:
    """A pattern for any of the words, case ignored: `*` stands for any ending, `_` for a space.

    Chinese, which has no spaces, is matched anywhere; other words as whole words. `patterns` are added as they are.
    """
    listed = [_pattern(word) for word in words.split()]
    return re.compile("|".join([*listed, *patterns]), re.IGNORECASE)


def _pattern(word: str) -> str:
    if "\u3400" <= word[-1] <= "\u9fff":
        return re.escape(word)
    return r"\b" + re.escape(word).replace(r"\*", r"\w*").replace("_", " ") + r"\b"
