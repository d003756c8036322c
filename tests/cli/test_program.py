"""The program as a user starts it: version, help, missing packages, pipes, exit status."""

import re
import sys

import pytest

import sot


def test_the_version_is_that_of_the_package(run):
    answer = run("--version")
    assert answer.status == 0
    assert answer.out == f"sot {sot.__version__}\n"


def test_help_names_every_verb(run):
    answer = run("--help")
    assert answer.status == 0
    for verb in ("compare", "report", "landscape", "demo"):
        assert re.search(rf"^ +{verb} +\S.*[^.]\.$", answer.out, re.MULTILINE), answer.out


@pytest.mark.parametrize("verb", ["compare", "report", "landscape", "demo"])
def test_every_option_has_a_help_text_that_is_a_sentence(run, verb):
    answer = run(verb, "--help")
    assert answer.status == 0
    options = answer.out.split("Options:")[1]
    entries = re.split(r"\n  (?=-)", options)[1:]
    assert len(entries) > 1
    for entry in entries:
        text = re.sub(r"\[(default:|required\]).*", "", entry, flags=re.DOTALL).strip()
        assert re.search(r"\s{2,}\S.*\.$", text, re.DOTALL), entry


def test_without_arguments_the_help_is_shown(run):
    answer = run()
    assert "Usage:" in answer.out + answer.err
    assert "compare" in answer.out + answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("module", "extra", "arguments"),
    [
        ("soundfile", "cli", ["compare", "a.wav", "b.wav"]),
        ("soxr", "cli", ["compare", "a.wav", "b.wav", "--sample-rate", "8000"]),
        ("matplotlib.figure", "plot", ["demo"]),
        ("matplotlib.backend_bases", "plot", ["landscape", "--png", "a.png"]),
    ],
)
def test_a_missing_package_is_told_with_the_command_that_installs_it(
    record, run, tmp_path, monkeypatch, module, extra, arguments
):
    record("a.wav", 300)
    record("b.wav", 300)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    answer = run(*arguments)
    (line,) = answer.complaints
    assert answer.status == 1
    assert f'{module} is not installed; install it with: pip install "sot-loss[{extra}]"' in line


def test_without_typer_the_program_tells_how_to_install_it(shell):
    answer = shell("compare", before="sys.modules['typer'] = None")
    (line,) = answer.complaints
    assert answer.status == 1
    assert answer.out == ""
    assert 'pip install "sot-loss[cli]"' in line


def test_results_and_messages_are_apart_in_another_folder(shell, record, tmp_path):
    """Long names in a narrow pipe are not cut, and one broken file does not stop the others."""
    long = "x" * 200
    for side in ("left", "right"):
        record(f"{side}/{long}.wav", 300)
        record(f"{side}/broken.wav", 300)
    (tmp_path / "right" / "broken.wav").write_text("no audio")
    answer = shell("compare", "left", "right", cwd=tmp_path, env={"COLUMNS": "40"})
    head, row = answer.out.splitlines()
    assert answer.status == 1
    assert head.split() == ["reference", "estimate", "loss", "duration"]
    assert row.split() == [f"left/{long}.wav", f"right/{long}.wav", "0", "0.500", "s"]
    (line,) = answer.complaints
    assert line.startswith("sot: right/broken.wav: cannot be read as audio")


def test_a_reader_that_has_seen_enough_ends_the_program_quietly(start, tmp_path):
    process = start(
        *("landscape", "--json", "--points", 2, "--duration", 0.1, "--loss", "sot"), cwd=tmp_path
    )
    process.stdout.close()
    message = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 1
    assert message == ""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no device that is full")
@pytest.mark.parametrize("asked", [["--version"], ["--help"], ["compare", "--help"]])
def test_help_for_a_full_disk_is_one_line(shell, asked):
    full = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"
    answer = shell(*asked, before=full)
    (line,) = answer.complaints
    assert answer.status == 1
    assert line.startswith("sot: ")
    assert line.endswith("No space left on device")


def test_an_interruption_while_the_program_starts_ends_it_quietly(shell):
    interrupting = """
class Finder:
    def find_spec(self, name, *rest):
        if name == "sot.cli._app":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
"""
    answer = shell("--help", before=interrupting)
    assert (answer.status, answer.out, answer.err) == (130, "", "")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["compare", "a.wav", "b.wav", "--presett", "pitch"],
            "sot compare: no such option: --presett (did you mean --preset?)",
        ),
        (["landscape", "-x"], "sot landscape: no such option: -x"),
        (["--versio"], "sot: no such option: --versio (did you mean --version?)"),
        (["compair"], "sot: no such command: compair (did you mean compare?)"),
        (["xyz"], "sot: no such command: xyz"),
        (["compare", "a.wav"], "sot compare: missing argument 'estimate'"),
        (["demo", "one", "two"], "sot demo: got unexpected extra argument"),
        (["landscape", "--points"], "sot landscape: option '--points' requires an argument"),
        (["landscape", "--points", "many"], "sot landscape: invalid value for '--points'"),
        (["landscape", "--json=yes"], "sot landscape: option '--json' does not take a value"),
        (
            ["train", "--experiment", "SOT-2048", "--model.encoder.harmonicz", "3"],
            "sot train: unrecognized arguments: --model.encoder.harmonicz 3 "
            "(did you mean --model.encoder.harmonics?)",
        ),
        (
            ["train", "--experiment", "SOT-2048", "--trainer.max_epochs", "many"],
            'sot train: Parser key "trainer.max_epochs"',
        ),
    ],
)
def test_what_was_typed_wrong_is_told_in_one_line_with_where_to_read_on(run, arguments, line):
    answer = run(*arguments)
    (told,) = answer.complaints
    verb = line.partition(":")[0]
    assert answer.status == 2
    assert answer.out == ""
    assert told.startswith(line)
    assert told.endswith(f"; see '{verb} --help'")


def test_a_usage_error_in_a_process_of_its_own_leaves_no_traceback(shell):
    answer = shell("compare", "a.wav", "b.wav", "--nonsense")
    assert answer.status == 2
    assert answer.out == ""
    (line,) = answer.complaints
    assert line.startswith("sot compare: no such option: --nonsense")


@pytest.mark.parametrize(
    "command",
    [
        ("compare", "a.wav", "b.wav", "--csv", "b.wav"),
        ("estimate", "a.wav", "--resynth", "./a.wav"),
        ("estimate", "a.wav", "--csv", "link.wav"),
        ("landscape", "a.wav", "--csv", "a.wav"),
    ],
)
def test_what_is_read_is_not_written_over(command, record, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record("a.wav", 300)
    record("b.wav", 400)
    (tmp_path / "link.wav").symlink_to("a.wav")
    before = {name: (tmp_path / name).read_bytes() for name in ("a.wav", "b.wav")}
    answer = run(*command)
    assert answer.status == 1
    (complaint,) = answer.complaints
    assert complaint.endswith(": expected another file than those that are read")
    assert before == {name: (tmp_path / name).read_bytes() for name in before}
