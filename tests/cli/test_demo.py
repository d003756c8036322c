"""`sot demo` shows what the package does and writes the pictures that it names."""

import re
import struct

import matplotlib.image
import pytest
from typer.testing import CliRunner

from sot.cli._app import app


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """The output of one run and its folder."""
    folder = tmp_path_factory.mktemp("demo") / "new" / "pictures"
    result = CliRunner().invoke(app, ["demo", "--output", str(folder)])
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return result.stdout, folder


def test_the_demo_names_the_true_pitch_and_finds_it_with_transport(shown):
    text, _ = shown
    (true,) = re.findall(r"true pitch +([\d.]+) Hz", text)
    (start,) = re.findall(r"start +([\d.]+) Hz", text)
    (found, cents) = re.findall(r"optimal transport +([\d.]+) Hz, ([+-]\d+) cents", text)[0]
    assert float(true) == 440.0
    assert float(start) == 110.0
    assert abs(int(cents)) < 50
    assert float(found) == pytest.approx(440 * 2 ** (int(cents) / 1200), rel=1e-3)


def test_the_distance_between_the_notes_is_that_of_their_pitches_or_more(shown):
    """Energy moves from 261.6 Hz to 440 Hz, and from overtones to overtones farther apart."""
    text, _ = shown
    (hertz,) = re.findall(r"move by (\d+) Hz", text)
    assert "(261.6 Hz)" in text
    assert 440 - 262 <= int(hertz) < 2 * (440 - 262)


def test_the_demo_writes_the_pictures_that_it_names_and_nothing_else(shown):
    text, folder = shown
    (names,) = re.findall(r"Pictures: (.*)", text)
    assert names.split(", ") == [str(folder / "transport.png"), str(folder / "pitch.png")]
    assert sorted(path.name for path in folder.iterdir()) == ["pitch.png", "transport.png"]
    for path in folder.iterdir():
        content = path.read_bytes()
        width, height = struct.unpack(">II", content[16:24])
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        assert 800 <= width <= 2000
        assert 300 <= height <= width
        assert matplotlib.image.imread(path).std() > 0.05


def test_a_folder_that_cannot_be_made_is_one_line(run, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for output in (file, file / "below"):
        answer = run("demo", "--output", output)
        (line,) = answer.complaints
        assert answer.status == 1
        assert answer.out == ""
        assert line.startswith(f"sot: {output}: cannot be made a folder (")
