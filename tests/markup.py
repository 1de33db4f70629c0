"""What a parser of CommonMark makes of a text."""

from __future__ import annotations

from markdown_it import MarkdownIt

PLAIN_ELEMENTS = {
    "heading", "inline", "text", "paragraph", "code_inline", "strong", "bullet_list", "list_item",
    "softbreak",
}  # fmt: skip
"""The elements of a report: no link, no image, no HTML, no table."""


def markup_of(shown: str) -> tuple[set[str], str]:
    """The kinds of elements of a Markdown text, and what is not in code quotes.

    ``markdown-it`` is a parser of CommonMark; tables are one more thing that forges read.
    """
    kinds: set[str] = set()
    words: list[str] = []
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(shown)
    for token in (one for each in tokens for one in (each, *(each.children or ()))):
        kinds.add(token.type.removesuffix("_open").removesuffix("_close"))
        words += [token.content] if token.type == "text" else []
    return kinds, " ".join(words)
