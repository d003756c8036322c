"""The compiled median against a full sort."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sot.spectra._median_kernels import row_medians

sizes = st.one_of(
    st.floats(0, allow_infinity=False),
    st.floats(1, 1 + 1e-9),  # the upper halves of their bits are the same
    st.sampled_from([0.0, 5e-324, 1e-310, 1.0, np.nextafter(1.0, 2.0), 1.7e308]),
)


def lower_medians(values):
    return np.sort(values, axis=1)[:, (values.shape[1] - 1) // 2]


def medians(values):
    found = np.empty(len(values))
    row_medians(values, found, 0, len(values))
    return found


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=24), elements=sizes))
def test_it_is_the_lower_median_to_the_bit(values):
    np.testing.assert_array_equal(medians(values), lower_medians(values))


@pytest.mark.parametrize("bins", [1, 2, 513, 1025])
def test_it_is_found_in_rows_as_long_as_spectra(bins):
    random = np.random.default_rng(bins)
    noise = random.exponential(size=(20, bins))
    tones = noise * 1e-9 + (random.random((20, bins)) < 0.05)
    steps = np.round(noise * 4) / 4
    values = np.concatenate([noise, tones, steps])
    np.testing.assert_array_equal(medians(values), lower_medians(values))
