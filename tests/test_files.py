"""Files are written whole or not at all."""

import os
import stat
import threading

import pytest

from sot._files import check_destination, replaced_when_done


def test_a_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "table.csv"
    with replaced_when_done(path) as beside:
        beside.write_text("new")
        assert not path.exists()
        assert beside.parent == tmp_path
        assert beside.suffix == ".csv"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_old_file_is_replaced_at_once(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with replaced_when_done(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("blow", [OSError, ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("old", [None, "old"])
def test_a_blow_in_the_middle_leaves_the_old_file_and_no_debris(tmp_path, blow, old):
    path = tmp_path / "table.csv"
    if old is not None:
        path.write_text(old)
    before = sorted(tmp_path.iterdir())

    def write():
        with replaced_when_done(path) as beside:
            beside.write_text("half of the n")
            raise blow

    with pytest.raises(blow):
        write()
    assert sorted(tmp_path.iterdir()) == before
    assert old is None or path.read_text() == old


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077, 0o000])
def test_permissions_follow_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        with replaced_when_done(tmp_path / "by us") as beside:
            beside.write_text("")
        (tmp_path / "by the system").write_text("")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("by us", "by the system")]
    assert modes[0] == modes[1]


def test_asking_for_the_umask_does_not_change_it(tmp_path):
    before = os.umask(0o031)
    try:
        with replaced_when_done(tmp_path / "a") as beside:
            beside.write_text("")
        assert os.umask(0o031) == 0o031
    finally:
        os.umask(before)


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "far").mkdir()
    link, target = tmp_path / "link.csv", tmp_path / "far" / "target.csv"
    target.write_text("old")
    link.symlink_to(target)
    with replaced_when_done(link) as beside:
        beside.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert list((tmp_path / "far").iterdir()) == [target]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    """As /dev/stdout and /dev/null must not be."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got = []
    reader = threading.Thread(target=lambda: got.append(path.read_text()))
    reader.start()
    with replaced_when_done(path) as beside, beside.open("w") as file:
        file.write("new")
    reader.join(timeout=10)
    assert got == ["new"]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_long_name_leaves_room_for_the_name_beside(tmp_path):
    path = tmp_path / ("ü" * 125 + ".csv")
    with replaced_when_done(path) as beside:
        beside.write_text("new")
    assert path.read_text() == "new"


@pytest.mark.parametrize(
    ("place", "kind", "said"),
    [
        ("missing/table.csv", FileNotFoundError, "the folder .*missing does not exist"),
        ("file/table.csv", NotADirectoryError, "file is a file, not a folder"),
        ("folder", IsADirectoryError, "expected the path of a file, got a folder"),
    ],
)
def test_a_place_that_cannot_hold_a_file_is_told_by_its_path(tmp_path, place, kind, said):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    path = tmp_path / place
    with pytest.raises(kind, match=said) as error:
        check_destination(path)
    assert str(path) in str(error.value)
    with pytest.raises(kind, match=said), replaced_when_done(path):
        pytest.fail("the block must not begin")


def test_a_folder_that_takes_no_file_is_told_by_the_path(tmp_path, monkeypatch):
    def refuse(**arguments):
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr("sot._files.tempfile.mkstemp", refuse)
    path = tmp_path / "table.csv"
    with pytest.raises(OSError, match="cannot be written") as error, replaced_when_done(path):
        pytest.fail("the block must not begin")
    assert str(error.value) == f"{path}: cannot be written ({os.strerror(13)})"
