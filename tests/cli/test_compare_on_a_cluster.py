"""`sot compare --address` has a cluster do the work, with the same answers."""

import pytest

from sot.cli import compare as verb


@pytest.mark.slow
def test_a_cluster_gives_the_same_answers_in_the_same_order(record, run, tmp_path, monkeypatch):
    for index in range(20):  # more than a worker takes at a time
        record(f"left/{index}.wav", 300)
        record(f"right/{index}.wav", 310 + 10 * index)
    (tmp_path / "left" / "5.wav").write_bytes(b"no audio")
    record("left/alone.wav", 300)
    monkeypatch.chdir(tmp_path)
    here = run("compare", "left", "right", "--json")
    there = run("compare", "left", "right", "--json", "--address", "local")
    assert there.status == here.status == 1
    assert there.document == here.document
    assert len(there.document["pairs"]) == 19
    assert there.err == here.err


@pytest.mark.slow
def test_a_wrong_setting_ends_it_with_one_line(record, run, tmp_path):
    record("left/a.wav", 300)
    record("right/a.wav", 400)
    options = ("--transform", "vqt", "--fmin", "9000", "--address", "local")
    answer = run("compare", tmp_path / "left", tmp_path / "right", *options)
    assert answer.status != 0
    assert len(answer.err.strip().splitlines()) == 1
    assert "fmin" in answer.err


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_one_line(record, run, tmp_path):
    record("left/a.wav", 300)
    record("right/a.wav", 400)
    folders = tmp_path / "left", tmp_path / "right"
    answer = run("compare", *folders, "--address", "127.0.0.1:1")
    assert answer.status != 0
    assert len(answer.err.strip().splitlines()) == 1
    assert "no Ray cluster at '127.0.0.1:1'" in answer.err


def test_shares_are_done_in_order_from_the_same_folder(record, tmp_path, monkeypatch):
    """What a worker does, without a cluster."""
    record("left/a.wav", 300)
    record("right/a.wav", 400)
    monkeypatch.chdir(tmp_path)
    pairs = list(verb.found_pairs(tmp_path / "left", tmp_path / "right"))
    relative = [verb.Pair("left/a.wav", "right/a.wav"), verb.Failure("x", "", "no partner")]
    comparer = verb.Comparer("mix", "cut", {}, {})
    monkeypatch.chdir("/")
    done, failed = verb._scores_there(comparer, relative, str(tmp_path))
    (here,) = verb._scores(comparer, pairs, None)
    assert done.loss == here.loss > 0
    assert failed == relative[1]
