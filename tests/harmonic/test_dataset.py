"""The synthetic clips are what their labels say, come back from their seed, and from a file."""

import math
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from sot.harmonic import Clips, SinusoidSettings, generate_splits, load_splits, save_splits
from sot.harmonic.dataset import scaled, share_clips, split_anew

SMALL = {"train_clips": 14, "val_clips": 4, "test_clips": 2}


@pytest.fixture(scope="module")
def splits():
    return generate_splits(SinusoidSettings(**SMALL))


@pytest.fixture
def file(tmp_path, splits):
    path = tmp_path / "clips.pth"
    save_splits(path, splits)
    return path


def same(ours, theirs):
    return all(
        torch.equal(a, b) for name in ours for a, b in zip(ours[name], theirs[name], strict=True)
    )


def test_a_seed_gives_the_same_clips_again_and_another_gives_others(splits):
    assert same(splits, generate_splits(SinusoidSettings(**SMALL)))
    other = generate_splits(SinusoidSettings(seed=43, **SMALL))
    assert not torch.isin(splits["train"].f0, other["train"].f0).any()


def test_splits_have_their_sizes_and_no_clip_in_common(splits):
    assert [len(clips.audio) for clips in splits.values()] == [14, 4, 2]
    assert not share_clips(splits)


def test_a_clip_is_the_sum_of_sines_that_its_labels_tell(splits):
    audio, f0, weights = (field.double() for field in splits["train"])
    times = torch.arange(4096) / 16000
    for clip, pitch, levels in zip(audio, f0, weights, strict=True):
        orders = torch.arange(1, 9)[:, None]
        expected = (levels[:, None] * torch.sin(2 * math.pi * orders * pitch * times)).sum(0)
        # Labels are rounded to float32, which tells at the end of a clip.
        torch.testing.assert_close(clip, expected, rtol=0, atol=1e-2)


def test_labels_lie_in_their_ranges_and_active_harmonics_are_the_first():
    many = generate_splits(SinusoidSettings(train_clips=1000, val_clips=1, test_clips=1))["train"]
    assert ((many.f0 >= 40) & (many.f0 <= 1950)).all()
    active = many.weights > 0
    assert (many.weights[active] >= 0.4).all()
    assert (many.weights <= 1).all()
    assert not (active[:, 1:] & ~active[:, :-1]).any()
    counts = torch.bincount(active.sum(1), minlength=9)
    assert counts[0] == 0
    assert (counts[1:5] > 80).all()


def test_harmonics_from_8_khz_upwards_are_silent():
    high = SinusoidSettings(
        train_clips=200, val_clips=1, test_clips=1, f0_min=1900, counts="uniform"
    )
    clips = generate_splits(high)["train"]
    orders = torch.arange(1, 9)
    assert (clips.weights[orders * clips.f0[:, None] >= 8000] == 0).all()
    assert (clips.weights[:, 3] > 0).any()


def test_the_published_counts_are_one_to_seven_with_one_twice_as_often():
    settings = SinusoidSettings(
        train_clips=4000, val_clips=1, test_clips=1, f0_max=900, counts="published"
    )
    active = (generate_splits(settings)["train"].weights > 0).sum(1)
    counts = torch.bincount(active, minlength=9) / 4000
    expected = torch.tensor([0, 2, 1, 1, 1, 1, 1, 1, 0]) / 8
    assert (counts - expected).abs().max() < 0.03


def test_stretched_partials_lie_above_the_harmonics():
    one = {"train_clips": 1, "val_clips": 1, "test_clips": 1, "f0_min": 500, "f0_max": 500}
    stretched = generate_splits(SinusoidSettings(seed=3, inharmonicity=0.05, **one))["train"]
    harmonic = generate_splits(SinusoidSettings(seed=3, **one))["train"]
    assert torch.equal(stretched.weights > 0, harmonic.weights > 0)

    def top_partial(clips):
        level = np.abs(np.fft.rfft(clips.audio[0].numpy() * np.hanning(4096), 65536))
        return np.flatnonzero(level > 0.2 * level.max())[-1] * 16000 / 65536

    assert top_partial(stretched) > top_partial(harmonic) + 20


def test_clips_are_scaled_to_a_peak_of_nine_tenths_and_silence_stays(splits):
    audio = torch.cat([splits["test"].audio, torch.zeros(1, 4096)])
    assert scaled(audio).abs().amax(1).tolist() == pytest.approx([0.9, 0.9, 0.0])


def test_a_file_comes_back_in_the_published_layout(file, splits):
    content = torch.load(file, weights_only=True)
    assert set(content) == {f"{s}_{k}" for s in splits for k in ("tensors", "thetas")}
    assert content["val_thetas"]["frequency"].shape == (4, 1)
    assert content["val_thetas"]["weights"].shape == (4, 8)
    assert same(splits, load_splits(file))


def test_shared_clips_are_seen_and_dealt_out_anew(splits):
    everything = Clips(*(torch.cat(parts) for parts in zip(*splits.values(), strict=True)))
    published = dict.fromkeys(splits, everything)
    assert share_clips(published)
    anew = split_anew(published, seed=1)
    assert [len(clips.audio) for clips in anew.values()] == [14, 4, 2]
    assert not share_clips(anew)
    together = torch.cat([clips.f0 for clips in anew.values()])
    assert torch.equal(together.sort().values, everything.f0.sort().values)
    assert not same(anew, split_anew(published, seed=2))


class Hostile:
    def __reduce__(self):
        return (print, ("code ran",))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: torch.save({"train_tensors": Hostile()}, path), "could run code"),
        (lambda path: path.write_bytes(pickle.dumps(Hostile())), "could run code"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "cut short"),
        (lambda path: path.write_text("no data"), "not a data set"),
        (lambda path: path.write_bytes(b""), "cut short"),
        (lambda path: path.write_bytes(b"RIFF" + bytes(100)), "cut short"),
        (lambda path: torch.save(torch.ones(3), path), "expected a dictionary"),
        (lambda path: torch.save({"a": torch.ones(1)}, path), "'train_tensors' is missing"),
    ],
)
def test_a_wrong_or_hostile_file_is_refused(file, spoil, words, capsys):
    spoil(file)
    with pytest.raises(ValueError, match=words) as caught:
        load_splits(file)
    assert str(file) in str(caught.value)
    assert "code ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"val_tensors": torch.ones(4, 4000)}, "val tensors: expected clips of 4096 samples"),
        ({"val_tensors": torch.full((4, 4096), torch.nan)}, "val tensors: holds NaN"),
        ({"val_tensors": "no"}, "val tensors: expected floating-point numbers"),
        ({"val_tensors": torch.zeros(4, 4096).to_sparse()}, "val tensors: expected floating-point"),
        ({"val_thetas": {"frequency": torch.ones(4, 1)}}, "val_thetas: expected 'frequency' and"),
        (
            {"val_thetas": {"frequency": torch.zeros(4, 1), "weights": torch.ones(4, 8)}},
            "one positive pitch",
        ),
        (
            {"val_thetas": {"frequency": torch.ones(3, 1), "weights": torch.ones(4, 8)}},
            "val frequency: expected a row for each clip",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_named(file, change, words):
    torch.save(torch.load(file, weights_only=True) | change, file)
    with pytest.raises(ValueError, match=words):
        load_splits(file)


def test_a_missing_file_is_told_with_the_verb_that_makes_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file; `sot data` makes one"):
        load_splits(tmp_path / "none.pth")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"train_clips": 0}, "train_clips: expected a whole number of at least 1"),
        ({"f0_max": 30.0}, "f0_max: expected at least f0_min, 40"),
        ({"f0_max": 8000.0}, "f0_max: expected less than 8000 Hz"),
        ({"counts": "publish"}, "counts: expected one of .*did you mean 'published'"),
        ({"amplitude_min": -1e-10}, "amplitude_min: expected a finite number at least 0"),
        ({"seed": -1}, "seed: expected a whole number of at least 0"),
        ({"train_clips": 10**18}, "train_clips: expected a whole number of at most 1000000"),
        ({"harmonics": 10**18}, "harmonics: expected a whole number of at most 1000"),
    ],
)
def test_a_bad_setting_is_named(settings, words):
    with pytest.raises(ValueError, match=words):
        SinusoidSettings(**settings)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device")
def test_a_full_disk_is_told_with_the_path():
    splits = generate_splits(SinusoidSettings(train_clips=50, val_clips=1, test_clips=1))
    with pytest.raises(OSError, match="/dev/full: cannot be written"):
        save_splits("/dev/full", splits)
