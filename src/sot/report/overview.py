"""The overview of many pairs: a table that can be sorted and leads to their pages."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from sot.report.page import rendered


@dataclass(frozen=True)
class Entry:
    """A row of the overview.

    Attributes:
        reference: name of a file, empty if there is none.
        estimate: likewise.
        page: name of the file of its page, empty if there is none.
        loss: None if the pair failed.
        duration: in s, None if the pair failed.
        note: what was said of the pair, or why it failed.
    """

    reference: str
    estimate: str
    page: str = ""
    loss: float | None = None
    duration: float | None = None
    note: str = ""

    @property
    def link(self) -> str:
        """The page as a relative URL."""
        return "./" + quote(self.page)


def overview_page(
    entries: list[Entry], reference: str, estimate: str, settings: dict[str, str], command: str
) -> str:
    """The page with all pairs, HTML that makes no request.

    Args:
        entries: in the order in which they are shown first.
        reference: name of the folder of references.
        estimate: name of the folder of estimates.
        settings: that were given.
        command: that repeats the pages.
    """
    losses = [entry.loss for entry in entries if entry.loss is not None]
    return rendered(
        "overview.html",
        "overview.js",
        entries=entries,
        reference=reference,
        estimate=estimate,
        settings=settings,
        command=command,
        done=len(losses),
        failed=len(entries) - len(losses),
        mean=sum(losses) / len(losses) if losses else None,
    )
