"""`sot report` writes pages, tells what it cannot do, and repeats itself."""

import html
import json
import os
import re
import shlex
import sys
from pathlib import Path

import pytest
from generators.recordings import EVIL, harmonic, write

PAGE = re.compile(r'<pre id="command">(.*?)</pre>', re.DOTALL)


def value_of(page: Path) -> str:
    """The loss as the page shows it."""
    return re.search(r'<strong id="value">(.*?)</strong>', page.read_text(encoding="utf-8"))[1]


def command_of(page: Path) -> list[str]:
    """The command that repeats a page, as a shell takes it apart."""
    return shlex.split(html.unescape(PAGE.search(page.read_text(encoding="utf-8"))[1]))


def data_of(page: Path) -> dict:
    """The numbers inside of a page."""
    pattern = r'<script type="application/json" id="data">(.*?)</script>'
    return json.loads(re.search(pattern, page.read_text(encoding="utf-8"))[1])


@pytest.fixture
def pair(tmp_path):
    return (
        write(tmp_path / "a.wav", harmonic(220, 0.5)),
        write(tmp_path / "b.wav", harmonic(330, 0.5)),
    )


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--preset", "pitch"),
        ("--fft-sizes", "512,2048", "--weights", "1,0.5"),
        ("--no-balanced", "--quantile-lowpass", "--p", "1"),
        ("--window", "kaiser,8.6", "--transform", "mel", "--mel-norm", "none"),
    ],
)
def test_the_page_shows_the_number_of_compare(run, pair, tmp_path, options):
    page = tmp_path / "page.html"
    assert run("report", *pair, "-o", page, *options).status == 0
    (told,) = json.loads(run("compare", *pair, "--json", *options).out)["pairs"]
    assert value_of(page) == f"{told['loss']:.6g}"


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--preset", "paper", "--no-balanced", "--unequal", "pad", "--silence-db", "-30"),
        ("--fft-sizes", "512,2048", "--weights", "1,0.5", "--channels", "each"),
        ("--window", "kaiser,8.6", "--transform", "mel", "--mel-norm", "none", "--log"),
    ],
)
def test_the_command_on_a_page_makes_the_same_page(run, pair, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    strange = write(tmp_path / 'it\'s $HOME; "b".wav', harmonic(330, 0.5))
    page = tmp_path / "page.html"
    assert run("report", "a.wav", strange.name, "-o", "page.html", *options).status == 0
    first = page.read_bytes()
    program, *again = command_of(page)
    assert program == "sot"
    page.unlink()
    assert run(*again).status == 0
    assert page.read_bytes() == first


def test_the_settings_on_the_page_are_those_of_the_loss(run, pair, tmp_path):
    page = tmp_path / "page.html"
    run("report", *pair, "-o", page, "--preset", "pitch", "--fft-size", 1024)
    rows = dict(
        re.findall(r'<th scope="row"(?: class="given")?>(.*?)</th><td>(.*?)</td>', page.read_text())
    )
    assert rows["fft_size"] == "1024"
    assert rows["lowpass"] == "300.0"
    assert rows["eps"] == "1e-08"
    assert rows["sample_rate"] == "16000"
    given = re.findall(r'class="given">(.*?)<', page.read_text())
    assert set(given) == {"preset", "fft_size"}


def test_numbers_in_the_page_are_those_of_the_frames(run, pair, tmp_path):
    page = tmp_path / "page.html"
    run("report", *pair, "-o", page, "--square-magnitude", "--fft-size", 2048)
    data = data_of(page)
    frames = 1 + (8000 - 2048) // 256
    assert [len(data[key]) for key in ("times", "losses", "moves", "plans")] == [frames] * 4
    assert data["times"] == pytest.approx([(1024 + 256 * t) / 16000 for t in range(frames)], 1e-3)
    assert data["unit"] == "Hz"
    # A third of the frequency, so 110 Hz of the fundamental and more of what lies above it.
    assert all(-230 < move < -110 for move in data["moves"])
    mean = sum(data["losses"]) / frames
    assert mean == pytest.approx(float(value_of(page)), rel=1e-3)


def test_what_compare_says_of_a_pair_is_on_the_page_too(run, pair, tmp_path):
    silent = write(tmp_path / "silent.wav", 0 * harmonic(220, 0.7))
    page = tmp_path / "page.html"
    answer = run("report", pair[0], silent, "-o", page)
    assert answer.status == 0
    said = "0.500 s and 0.700 s, cut to 0.500 s; the estimate is silent"
    assert said in answer.err
    text = page.read_text()
    for part in said.split("; "):
        assert f"<li>{part}</li>" in text
    assert "no frame counts" in text
    assert value_of(page) == "0"


def test_a_single_sample_has_a_page_with_a_notice(run, tmp_path):
    one = write(tmp_path / "one.wav", harmonic(220, 1 / 16000))
    page = tmp_path / "page.html"
    assert run("report", one, one, "-o", page).status == 0
    assert "there is one frame only" in page.read_text()
    assert len(data_of(page)["times"]) == 1


def test_a_page_is_written_whole_or_not_at_all(run, pair, tmp_path, monkeypatch):
    page = tmp_path / "page.html"
    page.write_text("the old page")
    before = set(tmp_path.iterdir())

    def full(self, text, **settings):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    answer = run("report", *pair, "-o", page)
    assert (answer.status, answer.out) == (1, "")
    assert "No space left on device" in answer.err
    assert page.read_text() == "the old page"
    assert set(tmp_path.iterdir()) == before


def test_two_folders_give_a_page_for_each_pair_and_an_overview(overview, folder):
    pages = sorted(path.name for path in overview.parent.iterdir())
    assert (
        pages
        == [
            "0001-img-src-x-onerror-alert-1-quoted-more.html",
            "0002-b10.html",
            "0003-b2.html",
            "index.html",
        ]
        or pages[-1] == "index.html"
    )
    assert len(pages) == 4
    text = overview.read_text(encoding="utf-8")
    assert "3 compared" in text
    assert "1 failed" in text
    assert "cannot be read as audio" in text
    for name in pages[:-1]:
        assert f'href="./{name}"' in text
        assert 'href="index.html">All pairs' in (overview.parent / name).read_text(encoding="utf-8")
    assert command_of(overview)[2:] == [
        str(folder / "left"), str(folder / "right"), "--output", str(overview.parent),
        "--square-magnitude",
    ]  # fmt: skip


def test_the_overview_shows_the_numbers_of_compare(run, overview, folder):
    answer = run("compare", folder / "left", folder / "right", "--square-magnitude", "--json")
    text = html.unescape(overview.read_text(encoding="utf-8"))
    for pair in json.loads(answer.out)["pairs"]:
        assert f">{pair['loss']:.6g}</td>" in text
        assert pair["reference"] in text


def test_the_command_of_a_pair_in_a_folder_makes_its_page(overview, run):
    (page,) = (path for path in overview.parent.iterdir() if "quoted" in path.name)
    first = page.read_text(encoding="utf-8")
    again = command_of(page)[1:]
    assert any(part.endswith(EVIL) for part in again)
    assert run(*again).status == 0
    assert value_of(page) == re.search(r'id="value">(.*?)<', first)[1]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere/page.html", "does not exist; create it first"),
        ("", "expected the path of a file, got a folder"),
        ("page.pdf", "expected an ending of .html or .htm"),
        ("a.wav", "expected an ending of .html or .htm"),
        ("a.wav/page.html", "is a file, not a folder"),
    ],
)
def test_a_page_that_cannot_be_written_is_told_before_the_work(
    run, pair, tmp_path, monkeypatch, place, said
):
    monkeypatch.setattr("sot.audio.read_audio", lambda path: pytest.fail(f"{path} was read"))
    answer = run("report", *pair, "-o", tmp_path / place)
    (line,) = answer.err.splitlines()
    assert answer.status == 1
    assert line.startswith(f"sot: {tmp_path / place}: ")
    assert said in line


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("page.html", "expected a folder for the pages of two folders, got a file"),
        ("left/b2.wav", "expected a folder for the pages of two folders, got a file"),
        ("nowhere/pages", "does not exist; create it first"),
    ],
)
def test_a_folder_that_cannot_be_written_is_told_before_the_work(
    run, overview, folder, monkeypatch, place, said
):
    monkeypatch.setattr("sot.audio.read_audio", lambda path: pytest.fail(f"{path} was read"))
    answer = run("report", folder / "left", folder / "right", "-o", folder / place)
    (line,) = answer.err.splitlines()
    assert answer.status == 1
    assert str(folder / place) in line
    assert said in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.wav", "none.wav"), "none.wav: no such file"),
        (("a.wav", "broken.wav"), "broken.wav: cannot be read as audio"),
        (("a.wav", "."), "REFERENCE: expected two files or two folders, got the file a.wav"),
        (("a.wav", "b.wav", "--dim", "-2"), "dim: expected -1 (frequency) for a report"),
        (("a.wav", "b.wav", "--p", "0.5"), "p: expected a finite number at least 1"),
        (("a.wav", "b.wav", "--channels", "one"), "channels: expected one of 'mix', 'each'"),
        (("a.wav", "b.wav", "--checkpoint", "SOT"), "checkpoint: expected the folder of a run"),
    ],
)
def test_bad_input_is_one_line(run, pair, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.wav").write_text("no audio")
    output = "out" if arguments[1] == "." else "page.html"
    answer = run("report", *arguments, "-o", output)
    (line,) = answer.err.splitlines()
    assert (answer.status, answer.out) == (1, "")
    assert said in line
    assert not (tmp_path / output).exists()


@pytest.mark.parametrize("module", ["jinja2", "matplotlib"])
def test_a_missing_package_is_told_with_the_command_that_installs_it(
    run, pair, tmp_path, monkeypatch, module
):
    monkeypatch.setitem(sys.modules, module, None)
    answer = run("report", *pair, "-o", tmp_path / "page.html")
    (line,) = answer.err.splitlines()
    assert answer.status == 1
    assert f'{module} is not installed; install it with: pip install "sot-loss[report]"' in line


def test_an_estimator_adds_its_resynthesis(run, pair, tmp_path):
    from sot.harmonic import PitchEncoder
    from sot.harmonic.recordings import track_pitch

    asked = []

    def estimator(checkpoint):
        asked.append(checkpoint)
        encoder = PitchEncoder().eval()
        return lambda audio: track_pitch(encoder, audio).resynthesis()

    page = tmp_path / "page.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sot.cli.report._resynthesis", estimator)
        assert run("report", *pair, "-o", page, "--checkpoint", "SOT-2048/7").status == 0
    text = page.read_text()
    assert asked == ["SOT-2048/7"]
    assert text.count("<audio") == 3
    assert 'aria-label="resynthesis of the reference by SOT-2048/7"' in text
    assert command_of(page)[-2:] == ["--checkpoint", "SOT-2048/7"]


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text elsewhere")
def test_a_name_that_is_no_text_has_a_page(run, pair, tmp_path):
    name = pair[0].with_name(os.fsdecode(b"caf\xe9.wav"))
    pair[0].rename(name)
    answer = run("report", name, pair[1], "-o", tmp_path / "page.html")
    assert (answer.status, answer.err) == (0, "")
    assert b"caf\xe9.wav" in (tmp_path / "page.html").read_bytes()
