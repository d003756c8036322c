"""Reductions agree with each other, and results have the documented shapes."""

import pytest
import torch

from sot import MultiScaleSpectralLoss, Wasserstein1DLoss


def by_reduction(settings, x, y, **more):
    return {
        name: Wasserstein1DLoss(**settings, **more, reduction=name)(x, y)
        for name in ("mean", "sum", "none", "batch")
    }


@pytest.mark.parametrize("dim", [-1, -2])
@pytest.mark.parametrize("leading", [(), (3,), (3, 1), (3, 2), (1, 5)])
def test_reductions_agree_and_have_the_documented_shapes(settings, noise, leading, dim):
    x, y = noise(*leading, 900), noise(*leading, 900, seed=1)
    values = by_reduction(settings, x, y, dim=dim)
    spectrum = Wasserstein1DLoss(**settings).spectrum
    rows = spectrum.framing.count(900) if dim == -1 else spectrum.bins
    batch = leading[0] if leading else 1
    assert values["none"].shape == (batch, *leading[1:], rows)
    assert values["batch"].shape == (batch,)
    assert values["mean"].shape == values["sum"].shape == ()
    torch.testing.assert_close(values["sum"], values["none"].sum())
    torch.testing.assert_close(values["batch"], values["none"].flatten(1).mean(1))
    torch.testing.assert_close(values["mean"], values["none"].mean())
    torch.testing.assert_close(values["mean"], values["batch"].mean())


def test_each_item_and_channel_costs_what_it_costs_alone(settings, noise):
    x, y = noise(2, 3, 900), noise(2, 3, 900, seed=1)
    loss = Wasserstein1DLoss(**settings, reduction="none")
    together = loss(x, y)
    for item in range(2):
        for channel in range(3):
            alone = loss(x[item, channel], y[item, channel])[0]
            torch.testing.assert_close(together[item, channel], alone, rtol=1e-4, atol=1e-9)


def test_strides_do_not_matter(settings, noise):
    x, y = noise(900, 2, 2), noise(900, 2, 2, seed=1)
    loss = Wasserstein1DLoss(**settings)
    strided = loss(x.permute(1, 2, 0), y.permute(2, 1, 0).transpose(0, 1))
    plain = loss(x.permute(1, 2, 0).contiguous(), y.permute(1, 2, 0).contiguous())
    torch.testing.assert_close(strided, plain)


@pytest.mark.parametrize(("reduce", "reduction"), [(True, "mean"), (False, "none")])
def test_reduce_is_another_name_of_two_reductions(noise, reduce, reduction):
    x, y = noise(2, 3000), noise(2, 3000, seed=1)
    old, new = Wasserstein1DLoss(reduce=reduce), Wasserstein1DLoss(reduction=reduction)
    torch.testing.assert_close(old(x, y), new(x, y), rtol=0, atol=0)


def test_only_the_old_preset_flattens_frames(noise):
    x, y = noise(2, 2, 3000), noise(2, 2, 3000, seed=1)
    shaped = Wasserstein1DLoss(preset="sot-loss", reduction="none")(x, y)
    flat = Wasserstein1DLoss(preset="sot-loss", reduce=False)(x, y)
    assert shaped.shape == (2, 2, 12)
    assert flat.shape == (48,)
    torch.testing.assert_close(flat, shaped.flatten(), rtol=0, atol=0)


@pytest.mark.parametrize("dim", [-1, -2])
@pytest.mark.parametrize("leading", [(2,), (2, 3)])
def test_the_quantile_functions_integrate_to_the_loss(settings, noise, leading, dim):
    x, y = noise(*leading, 900), noise(*leading, 900, seed=1)
    settings = {**settings, "dim": dim, "p": 3}
    parts = Wasserstein1DLoss(**settings, return_quantiles=True)(x, y)
    u_quantiles, v_quantiles, levels, u_cdf, v_cdf = parts
    values = Wasserstein1DLoss(**settings, reduction="none")(x, y)
    support = u_cdf.shape[-1]
    assert u_cdf.shape == v_cdf.shape == (*values.shape, support)
    assert u_quantiles.shape == v_quantiles.shape == levels.shape == (*values.shape, 2 * support)
    widths = levels.diff(dim=-1, prepend=torch.zeros_like(levels[..., :1]))
    assert (widths >= 0).all()
    integral = (widths * (u_quantiles - v_quantiles).abs() ** 3).sum(-1)
    torch.testing.assert_close(integral, values, rtol=1e-4, atol=1e-6)


def test_quantile_functions_have_a_gradient(noise):
    x, y = noise(1, 2000), noise(1, 2000, seed=1).requires_grad_()
    *_, v_cdf = Wasserstein1DLoss(return_quantiles=True)(x, y)
    v_cdf.square().sum().backward()
    assert y.grad.abs().max() > 0


@pytest.mark.parametrize("leading", [(), (3,), (3, 2)])
def test_reductions_of_the_multi_scale_loss_agree(noise, leading):
    x, y = noise(*leading, 900), noise(*leading, 900, seed=1)
    sizes = (64, 256)
    mean, total, per_item, frames = (
        MultiScaleSpectralLoss(fft_sizes=sizes, reduction=reduction)(x, y)
        for reduction in ("mean", "sum", "batch", "none")
    )
    batch = leading[0] if leading else 1
    hops = (size // 4 for size in sizes)
    assert [part.shape for part in frames] == [
        (batch, *leading[1:], -(-900 // hop)) for hop in hops
    ]
    assert per_item.shape == (batch,)
    torch.testing.assert_close(mean, sum(part.mean() for part in frames))
    torch.testing.assert_close(total, sum(part.sum() for part in frames))
    torch.testing.assert_close(per_item, sum(part.flatten(1).mean(1) for part in frames))
