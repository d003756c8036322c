"""Frames taken and put together block by block, in parts for several threads."""

import itertools

import numpy as np
import pytest

from sot.spectra import Audio, BlockTransform, BlockTranspose, Framing, _frame_kernels


def gradient_in_parts(transform, audio, slopes, borders):
    """The transpose of `transform` for slopes of all frames; later parts come first."""
    total = np.full_like(audio.samples, np.nan)
    transpose = BlockTranspose(transform, audio.lengths, total)
    for start, stop in reversed(list(itertools.pairwise(borders))):
        for block in transform.blocks(start, stop):
            transpose.add(block, slopes[block.rows].copy(), slice(start, stop))
    transpose.finish()
    return total


def spectra_of_all(transform, audio):
    rows = len(audio.samples) * transform.count
    blocks = [transform.spectra([audio], block)[0] for block in transform.blocks(0, rows)]
    return np.concatenate(blocks)


@pytest.mark.parametrize("rule", ["whole", "reflect", "zero", "end"])
@pytest.mark.parametrize("seed", range(12))
def test_parts_with_any_borders_make_the_transpose(rule, seed):
    rng = np.random.default_rng(seed)
    frame_length = int(rng.integers(2, 33))
    fft_size = frame_length + int(rng.integers(0, 9))
    clips, samples = int(rng.integers(1, 4)), int(rng.integers(1, 400))
    framing = Framing(rule, frame_length, int(rng.integers(1, 2 * frame_length)), fft_size)
    transform = BlockTransform(framing, rng.random(frame_length), fft_size, samples)
    lengths = rng.integers(0, samples + 1, clips)
    audio = Audio(rng.standard_normal((clips, samples)), lengths)
    spectra = spectra_of_all(transform, audio)
    slopes = rng.standard_normal(spectra.shape) + 1j * rng.standard_normal(spectra.shape)
    rows = clips * transform.count
    borders = [0, *sorted(set(rng.integers(1, rows + 1, 7).tolist()) - {rows}), rows]
    found = gradient_in_parts(transform, audio, slopes, borders)
    # The transpose is what gives the same products with every signal, so with this one.
    expected = (spectra.real * slopes.real + spectra.imag * slopes.imag).sum()
    inside = np.arange(samples) < lengths[:, None]
    assert (found * inside * audio.samples).sum() == pytest.approx(expected, rel=1e-10, abs=1e-10)
    assert not found[~inside].any()
    whole = gradient_in_parts(transform, audio, slopes, [0, rows])
    np.testing.assert_allclose(found, whole, rtol=0, atol=1e-12 * (1 + abs(whole).max()))


@pytest.fixture
def written_to(monkeypatch):
    """The arrays that frames were added to, in their order."""
    places, add = [], _frame_kernels.add_frames

    def recorded(*arguments):
        places.append(arguments[-1])
        add(*arguments)

    monkeypatch.setattr(_frame_kernels, "add_frames", recorded)
    return places


def gradient_of_noise(framing, samples, borders):
    """That of one clip, whose last part ends with its last frame."""
    rng = np.random.default_rng(0)
    transform = BlockTransform(framing, rng.random(64), 64, samples)
    audio = Audio(rng.standard_normal((1, samples)), np.array([samples]))
    slopes = np.ones((transform.count, 33), complex)
    return gradient_in_parts(transform, audio, slopes, [*borders, transform.count])


def test_parts_of_one_clip_write_to_memory_of_their_own(written_to):
    # They are added in several threads: what two of them add to one number at once could be lost.
    gradient_of_noise(Framing("whole", 64, 8), 1000, [0, 20, 40, 60])
    assert len(written_to) == 4
    for index, place in enumerate(written_to):
        assert not any(np.shares_memory(place, other) for other in written_to[:index])


def test_a_part_waits_with_no_more_samples_than_its_frames_reach(written_to):
    framing = Framing("reflect", 64, 16)
    gradient_of_noise(framing, 10_000, [0, 100, 200])
    last = framing.count(10_000) - 200
    sizes = [place.shape[1] for place in written_to]
    assert sizes == [last * 16 + 16, 99 * 16 + 64, 10_000]
