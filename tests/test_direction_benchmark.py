"""The benchmark of the gradient's direction counts what it says, and can be taken up again."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sot.landscape import Landscape, harmonic_tone

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.mark.parametrize("pitch", [41.3, 440.0, 2010.0, 3999.0])
def test_candidates_are_the_tones_of_the_library_with_their_derivatives(pitch):
    from directionbench.candidates import tones_and_slopes

    amplitudes = (0.5, 0.0, 1.0, 0.25)
    octaves = torch.tensor([pitch], dtype=torch.float64).log2()

    def tone(octaves):
        return harmonic_tone(octaves.exp2(), 3000, 16000, torch.tensor(amplitudes))

    step = 1e-6
    slope = (tone(octaves + step) - tone(octaves - step)) / (2 * step)
    expected = tone(octaves), slope
    found = tones_and_slopes(octaves.exp2(), amplitudes, 3000)
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(
            mine.double(), theirs, rtol=0, atol=1e-5 * float(theirs.abs().max())
        )


def test_a_sweep_is_that_of_the_library():
    from directionbench.candidates import candidates
    from directionbench.measure import swept

    from sot import Wasserstein1DLoss
    from sot.landscape import sweep

    pitches = torch.tensor([200.0, 300.0, 700.0], dtype=torch.float64)
    target = harmonic_tone(torch.tensor([400.0]), 4096, 16000)[0]
    settings = {"square_magnitude": True, "sample_rate": 16000, "p": 1}
    found = swept(
        Wasserstein1DLoss(**settings, reduction="batch"),
        target,
        candidates(400.0, (1.0,), 4096, float(target.square().mean().sqrt()), tuple(pitches)),
    )
    bound = Wasserstein1DLoss(**settings).bind(target[None])
    expected = sweep(bound, lambda f: harmonic_tone(f, 4096, 16000).float(), pitches)
    torch.testing.assert_close(found.values, expected.values.float(), rtol=1e-5, atol=0)
    torch.testing.assert_close(found.gradients, expected.gradients, rtol=1e-4, atol=0)


def test_by_class_the_nearest_octave_is_right():
    from directionbench.measure import towards

    f0 = 100.0
    semitones = torch.tensor([-13.0, -11.0, -1.0, 0.0, 5.0, 11.0, 12.0, 13.0])
    slopes = torch.tensor([-1.0, 1.0, -1.0, 5.0, 1.0, -1.0, 5.0, -1.0])  # the last one is wrong
    found = Landscape(f0 * 2 ** (semitones / 12), torch.zeros(8), slopes)
    assert towards(found, f0, by_class=True) == pytest.approx(100 * 5 / 6)
    assert towards(found, f0, by_class=False) == pytest.approx(100 * 4 / 7)


def test_noise_has_the_ratio_that_is_asked_for_and_is_the_same_each_time():
    from directionbench.targets import synthetic_targets

    target = synthetic_targets()[0]
    for snr in (20.0, 0.0):
        noise = target.heard(snr, 0.0) - target.sound
        ratio = 20 * math.log10(target.level / float(noise.square().mean().sqrt()))
        assert ratio == pytest.approx(snr, abs=0.2)
    softer = target.heard(10.0, -40.0)
    torch.testing.assert_close(softer, 0.01 * target.heard(10.0, 0.0))


def test_a_run_that_was_killed_in_the_middle_of_a_line_is_taken_up_again(tmp_path):
    from directionbench.cells import cells
    from directionbench.measure import Effort
    from directionbench.results import Results, measure_all
    from directionbench.targets import synthetic_targets

    effort = Effort(coarse=3, fine=2, starts=2, steps=1)
    plan = [
        cell
        for cell in cells("synthetic", synthetic_targets()[:1], full=False)
        if cell.contender.name in ("whole-p1", "mss-lin") and cell.target.name == "sine800"
    ]
    path = tmp_path / "results.jsonl"
    assert len(list(measure_all(plan[:2], Results(path), effort, workers=1))) == 2
    kept = path.read_text()
    path.write_text(kept + '{"cell": "direction; [')
    results = Results(path)
    assert path.read_text() == kept
    assert len(list(measure_all(plan, results, effort, workers=1))) == len(plan) - 2
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["cell"] for line in lines] == [cell.key for cell in plan]
    assert len(results.of(plan)) == len(plan)


def test_every_cell_of_a_run_is_measured_under_a_key_of_its_own():
    from directionbench.cells import GROUPS, cells
    from directionbench.targets import synthetic_targets

    notes = tuple(replace(target, name=f"note {target.name}") for target in synthetic_targets())
    for full in (False, True):
        for group in GROUPS:
            found = [cell.key for cell in cells(group, notes, full)]
            assert found
            assert len(found) == len(set(found))


def test_every_table_stands_in_the_page_that_is_about_it(tmp_path, monkeypatch):
    from types import SimpleNamespace

    from directionbench import page

    for name in [name for name in vars(page) if name.endswith("_table")]:
        monkeypatch.setattr(page, name, lambda *_, name=name: f"here is the {name}")
    for name, result in {"costs": {}, "known": [], "cells": [], "draw_landscapes": None}.items():
        monkeypatch.setattr(page, name, lambda *_, result=result: result)
    monkeypatch.setattr(page, "beside_pitch", lambda _: {"one": 1.0})
    written = ("gradient-direction.md", "choosing.md", "mixing.md")
    for name in written:
        (tmp_path / name).write_text((BENCHMARKS.parent / "docs" / name).read_text())
    note = SimpleNamespace(name="piano_060", label="piano 60")
    page.write_pages(tmp_path / written[0], SimpleNamespace(numbers={}), (note,), False)
    texts = {name: (tmp_path / name).read_text() for name in written}
    assert "here is the goals_table" in texts["gradient-direction.md"]
    assert "here is the presets_table" in texts["choosing.md"]
    assert "here is the magnitudes_table" in texts["mixing.md"]
