"""`sot data` writes the published layout, the same from the same seed, and never over a file."""

import pytest

from sot.harmonic import load_splits

SMALL = ("--train-clips", 14, "--val-clips", 4, "--test-clips", 2)


def test_the_file_holds_the_splits_and_is_the_same_from_the_same_seed(run, tmp_path):
    paths = [tmp_path / name / "clips.pth" for name in ("a", "b", "c")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        path.parent.mkdir()
        answer = run("data", path, "--seed", seed, *SMALL)
        assert answer.status == 0, answer.err
        assert "14 train, 4 val, 2 test" in answer.out
    contents = [path.read_bytes() for path in paths]
    assert contents[0] == contents[1] != contents[2]
    assert [len(clips.f0) for clips in load_splits(paths[0]).values()] == [14, 4, 2]


def test_an_existing_file_is_kept_unless_forced(run, tmp_path):
    path = tmp_path / "clips.pth"
    path.write_text("precious")
    answer = run("data", path, *SMALL)
    assert answer.status == 1
    assert answer.complaints == [f"sot: {path}: the file exists; --force replaces it"]
    assert path.read_text() == "precious"
    assert run("data", path, *SMALL, "--force").status == 0
    assert load_splits(path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--f0-max", 9000), "f0_max: expected less than 8000 Hz"),
        (("--counts", "some"), "counts: expected one of 'uniform', 'published'"),
    ],
)
def test_a_bad_setting_is_one_line_and_no_file(run, tmp_path, options, words):
    path = tmp_path / "clips.pth"
    answer = run("data", path, *SMALL, *options)
    (line,) = answer.complaints
    assert answer.status == 1
    assert words in line
    assert not path.exists()


def test_a_folder_that_is_not_there_is_told_at_once(run, tmp_path):
    answer = run("data", tmp_path / "none" / "clips.pth", *SMALL)
    (line,) = answer.complaints
    assert "does not exist; create it first" in line
