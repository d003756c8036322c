"""The data modules hand out clips with their transforms, in an order by seed and epoch."""

import pytest
import torch

from sot.harmonic import (
    Clips,
    ClipTransform,
    PreloadedSinusoidDataModule,
    SinusoidDataModule,
    SinusoidSettings,
    generate_splits,
    save_splits,
)

SOUND = SinusoidSettings(train_clips=14, val_clips=4, test_clips=2)


def order(loader, epoch):
    loader.sampler.set_epoch(epoch)
    return torch.cat([batch["index"] for batch in loader]).tolist()


@pytest.fixture(scope="module")
def data():
    return SinusoidDataModule(SOUND, batch_size=4)


def test_batches_hold_scaled_clips_their_transforms_and_labels(data):
    batches = list(data.train_dataloader())
    assert [len(batch["index"]) for batch in batches] == [4, 4, 4, 2]
    batch = batches[0]
    clips = generate_splits(SOUND)["train"]
    assert torch.equal(batch["f0"], clips.f0[batch["index"]])
    assert torch.equal(batch["weights"], clips.weights[batch["index"]])
    torch.testing.assert_close(batch["audio"].abs().amax(1), torch.full((4,), 0.9))
    torch.testing.assert_close(batch["frames"], ClipTransform()(batch["audio"]))


def test_the_order_follows_from_seed_and_epoch(data):
    first, second = order(data.train_dataloader(), 0), order(data.train_dataloader(), 1)
    assert sorted(first) == sorted(second) == list(range(14))
    assert first != second
    assert order(data.train_dataloader(), 1) == second
    other = SinusoidDataModule(SOUND, batch_size=4, seed=7)
    assert order(other.train_dataloader(), 0) != first
    straight = SinusoidDataModule(SOUND, batch_size=4, shuffle=False)
    assert order(straight.train_dataloader(), 5) == list(range(14))


def test_loading_draws_no_global_random_number(data):
    state = torch.get_rng_state()
    list(data.train_dataloader())
    assert torch.equal(torch.get_rng_state(), state)


def test_validation_and_test_come_in_order(data):
    assert torch.cat([b["index"] for b in data.val_dataloader()]).tolist() == [0, 1, 2, 3]
    assert len(data.test_dataloader()) == 1


def test_a_stage_transforms_only_what_it_needs():
    data = SinusoidDataModule(SOUND)
    data.setup("test")
    assert set(data._datasets) == {"test"}
    data.setup("fit")
    assert set(data._datasets) == {"train", "val", "test"}


def test_a_file_gives_the_batches_of_the_clips_in_memory(tmp_path, data):
    path = tmp_path / "clips.pth"
    save_splits(path, generate_splits(SOUND))
    loaded = PreloadedSinusoidDataModule(str(path), batch_size=4)
    for ours, theirs in zip(data.train_dataloader(), loaded.train_dataloader(), strict=True):
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_file_whose_splits_share_clips_is_dealt_out_anew_with_a_warning(tmp_path):
    splits = generate_splits(SOUND)
    everything = Clips(*(torch.cat(parts) for parts in zip(*splits.values(), strict=True)))
    path = tmp_path / "published.pth"
    save_splits(path, dict.fromkeys(splits, everything))
    with pytest.warns(UserWarning, match="share clips"):
        dealt = PreloadedSinusoidDataModule(str(path)).make_splits()
    assert [len(clips.f0) for clips in dealt.values()] == [14, 4, 2]
    kept = PreloadedSinusoidDataModule(str(path), resplit=False).make_splits()
    assert [len(clips.f0) for clips in kept.values()] == [20, 20, 20]


def test_a_bad_setting_is_named(data):
    with pytest.raises(ValueError, match="batch_size: expected a whole number of at least 1"):
        SinusoidDataModule(batch_size=0)
    with pytest.raises(ValueError, match=r"split: expected one of .*did you mean 'train'"):
        data.dataset("trains")
