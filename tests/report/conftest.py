"""Recordings, the command line in this process, and a browser without a window."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from generators.recordings import EVIL, harmonic, write
from typer.testing import CliRunner

from sot.cli._app import app


class Answer(NamedTuple):
    """What a command gave back."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def run() -> Callable[..., Answer]:
    """Run a command in this process."""

    def invoke(*arguments: object) -> Answer:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    return invoke


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium, without which the tests that ask for it are skipped."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    flags = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
    flags += ("--autoplay-policy=no-user-gesture-required",)
    with api.sync_playwright() as driver:
        found = shutil.which("chromium") or driver.chromium.executable_path
        if not Path(found).exists():
            pytest.skip("there is no Chromium, neither on the path nor of Playwright's own")
        started = driver.chromium.launch(executable_path=found, args=list(flags))
        yield started
        started.close()


class Seen(NamedTuple):
    """An open page, what it complained of, and what it asked for."""

    page: Any
    complaints: list[str]
    requests: list[str]


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Seen]]:
    """Open a file in a fresh browser profile; complaints and requests are told."""
    contexts = []

    def visit(path: Path, width: int = 1100, **settings: Any) -> Seen:
        context = browser.new_context(viewport={"width": width, "height": 800}, **settings)
        contexts.append(context)
        page = context.new_page()
        seen = Seen(page, [], [])
        page.on("console", lambda message: seen.complaints.append(message.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (seen.complaints.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: seen.requests.append(request.url))
        page.goto(path.as_uri())
        return seen

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for recordings and pages that all tests share."""
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="session")
def pair_page(run: Callable[..., Answer], folder: Path) -> Path:
    """The page of 2 s of 220 Hz against 330 Hz, in Hz, with a silent second half."""
    low, high = harmonic(220, 2), harmonic(330, 2)
    high[len(high) // 2 :] = 0
    names = write(folder / "low.wav", low), write(folder / "high.wav", high)
    page = folder / "pair.html"
    answer = run("report", *names, "-o", page, "--fft-size", 2048, "--square-magnitude")
    assert answer == (0, "", ""), answer
    return page


@pytest.fixture(scope="session")
def overview(run: Callable[..., Answer], folder: Path) -> Path:
    """The overview of four pairs with different losses, of which one fails."""
    for index, name in enumerate(("b2.wav", "b10.wav", EVIL)):
        write(folder / "left" / name, harmonic(220, 0.5 + 0.1 * index))
        write(folder / "right" / name, harmonic((500, 300, 400)[index], 0.5 + 0.1 * index))
    write(folder / "left" / "broken.wav", harmonic(220, 0.5))
    (folder / "right" / "broken.wav").write_text("no audio")
    out = folder / "pages"
    answer = run("report", folder / "left", folder / "right", "-o", out, "--square-magnitude")
    assert answer.status == 1
    (line,) = answer.err.splitlines()
    assert line.startswith(f"sot: {folder / 'right' / 'broken.wav'}: cannot be read as audio")
    return out / "index.html"
