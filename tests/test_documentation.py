"""The pages of the documentation: their Python runs, and their links lead somewhere."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import torch

REPOSITORY = Path(__file__).parents[1]
DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!`)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
ROLE = re.compile(r"\{(doc|py:\w+)\}`(?:[^`<]*<)?([^`<>]+)>?`")


def texts(pages, pattern):
    """(page, text) of all that a pattern finds in pages, code aside where it looks for links."""
    for page in pages:
        text = page.read_text(encoding="utf-8")
        if pattern is not BLOCK:
            text = re.sub(r"^```(?!\{).*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        yield from ((page, found) for found in pattern.findall(text))


def prepare_the_estimator():
    """What the page about the estimator takes for granted: a run, here untrained, and clips."""
    from jsonargparse import ArgumentParser

    from sot.harmonic import HarmonicEstimator
    from sot.harmonic.checkpoints import CONFIG, WEIGHTS, save_weights

    parser = ArgumentParser()
    parser.add_class_arguments(HarmonicEstimator, "model")
    settings = parser.parse_args([])
    folder = Path("first/SOT-2048/42")
    folder.mkdir(parents=True)
    (folder / CONFIG).write_text(parser.dump(settings))
    save_weights(parser.instantiate(settings).model.encoder, folder / WEIGHTS)
    return {"clips": torch.zeros(2, 4096)}


#: What pages take for granted, by the page's name.
PREPARED = {"estimator.md": prepare_the_estimator}

PROGRAMS = sorted({page for page, _ in texts(PAGES, BLOCK)})


def test_pages_hold_programs():
    assert {"README.md", "first-loss.md", "contributing.md"} <= {page.name for page in PROGRAMS}


@pytest.mark.parametrize("page", PROGRAMS, ids=lambda page: page.name)
def test_the_python_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = PREPARED.get(page.name, dict)()
    for _, block in texts([page], BLOCK):
        exec(compile(block, page.name, "exec"), names)


@cache
def anchors(page):
    """What a fragment may name on a page: its headings, as GitHub and MyST spell them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def source(path):
    """The file behind a page: pages and pictures of the gallery are made from its scripts."""
    if path.parent == DOCS / "gallery":
        name = "README.rst" if path.stem == "index" else f"{path.stem}.py"
        return REPOSITORY / "examples" / name
    if path.parent == DOCS / "gallery" / "images":
        script = re.fullmatch(r"sphx_glr_(plot_\w+)_\d{3}\.png", path.name)
        assert script
        return REPOSITORY / "examples" / f"{script[1]}.py"
    return path


@pytest.mark.parametrize(("page", "link"), list(texts(PAGES, LINK)))
def test_a_link_leads_to_a_file_and_a_heading(page, link):
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        assert parts.scheme == "https"
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc)
        return
    target = source((page.parent / parts.path).resolve()) if parts.path else page
    assert target.is_file()
    if parts.fragment:
        assert parts.fragment in anchors(target)


@pytest.mark.parametrize(("page", "role"), list(texts(PAGES, ROLE)))
def test_what_a_page_refers_to_is_there(page, role):
    kind, target = role
    if kind == "doc":
        path = page.parent / target
        assert any(source(path.with_suffix(end)).is_file() for end in (".md", ".rst"))
    else:
        assert re.search(rf"^\.\. auto\w+:: {re.escape(target)}$", api(), re.MULTILINE)


@cache
def api():
    return (DOCS / "api.rst").read_text()


def test_the_figures_of_the_readme_are_those_of_the_pages():
    readme = (REPOSITORY / "README.md").read_text()
    speed, choosing = ((DOCS / name).read_text() for name in ("speed-and-memory.md", "choosing.md"))
    claims = re.findall(r"[\d.]+ (?:times as fast|of the memory)", " ".join(readme.split()))
    assert len(claims) == 3
    assert all(re.search(rf"\| {re.escape(claim)} \(", speed) for claim in claims)
    rows = re.findall(r"^\|.*\| (\S+ / \S+) \| (\S+ / \S+) \|$", readme, re.MULTILINE)
    assert len(rows) == 5
    for matched, recorded in rows:
        row = rf"\| {re.escape(matched)} \| [^|]+ \| {re.escape(recorded)} \|"
        assert re.search(row, choosing)


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [
        ("see [a](b.md#c) and [`d`](e.md)", LINK, ["b.md#c", "e.md"]),
        ("![text [1]](p.png)", LINK, ["p.png"]),
        ("{doc}`a b <c/d>` {doc}`e`", ROLE, [("doc", "c/d"), ("doc", "e")]),
        ("{py:class}`sot.X`", ROLE, [("py:class", "sot.X")]),
    ],
)
def test_links_are_found(text, pattern, found):
    assert pattern.findall(text) == found


def test_headings_are_spelt_as_in_links(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Two words: *one*, two\n```sh\n# no heading\n```\n## `code_a` - b\n")
    assert anchors(page) == {"two-words-one-two", "code_a---b"}
