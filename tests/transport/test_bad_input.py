"""Wrong input is refused with an error that names the argument and says what came."""

import pytest
import torch

from sot import quantile_function, transport_plan_1d, wasserstein_1d, wasserstein_1d_circle

NAN, INF = float("nan"), float("inf")
BINS = torch.arange(3.0)
HALF = torch.full((3,), 0.5)
FUNCTIONS = [wasserstein_1d, wasserstein_1d_circle, transport_plan_1d]
NAMES = ["u_values", "v_values", "u_weights", "v_weights"]

every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)


def sides(name, value):
    good = dict(zip(NAMES, (BINS, BINS, HALF, HALF), strict=True))
    return {**good, name: value}


@every_function
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ([0.0, 1.0, 2.0], TypeError, r"torch.Tensor, got \[0.0, 1.0, 2.0\] \(list\); .*as_tensor"),
        (BINS + 1j, TypeError, r"real numbers, got a complex64 tensor of shape \(3,\)"),
        (BINS * NAN, ValueError, r"finite numbers, got 3 NaN or infinite of 3"),
        (torch.tensor([0.0, INF, 1.0]), ValueError, "finite numbers, got 1 NaN or infinite of 3"),
        (torch.tensor([INF, -INF, 1.0]), ValueError, "finite numbers, got 2 NaN or infinite of 3"),
        (torch.tensor(1.0), ValueError, r"shape \(\.\.\., .*, got a float32 tensor of shape \(\)"),
        (torch.empty(2, 0), ValueError, r"got a float32 tensor of shape \(2, 0\)"),
    ],
    ids=["list", "complex", "nan", "inf", "opposite infs", "scalar", "empty"],
)
def test_input_that_is_no_histogram_is_refused(function, name, value, kind, message):
    with pytest.raises(kind, match=rf"^{name}: expected .*{message}"):
        function(**sides(name, value))


@every_function
@pytest.mark.parametrize("name", ["u_weights", "v_weights"])
def test_negative_weights_are_refused(function, name):
    with pytest.raises(ValueError, match=rf"^{name}: expected non-negative .* minimum of -0.25"):
        function(**sides(name, torch.tensor([1.0, -0.25, 0.75])))


@pytest.mark.parametrize("bad", [-0.25, NAN, INF])
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("row", range(7))
@pytest.mark.parametrize(("p", "grid"), [(1, True), (2, True), (2, False), (1.5, False)])
def test_one_bad_weight_is_found_wherever_it_is_and_spoils_its_row_alone(p, grid, row, side, bad):
    """The kernels look at weights while they do their work, four rows at a time."""
    torch.manual_seed(row)
    places = torch.linspace(0, 1, 9) if grid else torch.rand(9).sort().values
    weights = torch.rand(2, 7, 9)
    spoiled = weights.clone()
    spoiled[side, row, 4] = bad
    name = "uv"[side] + "_weights"
    with pytest.raises(ValueError, match=f"^{name}: expected "):
        wasserstein_1d(places, places, *spoiled, p=p)
    inputs = spoiled.requires_grad_()
    found = wasserstein_1d(places, places, *inputs, p=p, validate=False)
    (slopes,) = torch.autograd.grad(found.sum(), inputs)
    others = torch.arange(7) != row
    wanted = weights.requires_grad_()
    right = wasserstein_1d(places, places, *wanted, p=p)
    (right_slopes,) = torch.autograd.grad(right.sum(), wanted)
    assert found[row].isnan()
    torch.testing.assert_close(found[others], right[others])
    torch.testing.assert_close(slopes[:, others], right_slopes[:, others])


@every_function
@pytest.mark.parametrize("name", ["u_weights", "v_weights"])
def test_weights_that_do_not_fit_their_positions_are_refused(function, name):
    with pytest.raises(ValueError, match=rf"^{name}: expected shape \(\.\.\., 3\).*\(2, 4\)"):
        function(**sides(name, torch.ones(2, 4)))


@every_function
def test_leading_axes_that_do_not_fit_are_refused(function):
    with pytest.raises(ValueError, match=r"^v_values: expected leading axes that broadcast"):
        function(BINS, BINS, torch.ones(2, 3), torch.ones(5, 3))


@pytest.mark.parametrize("p", [0.5, 0, -1, NAN, INF])
def test_an_exponent_below_one_is_refused(p):
    with pytest.raises(ValueError, match=r"^p: expected a finite number at least 1, got"):
        wasserstein_1d(BINS, BINS, p=p)


@pytest.mark.parametrize("p", ["2", None, True, 2j, torch.tensor(2.0)])
def test_an_exponent_that_is_no_number_is_refused(p):
    with pytest.raises(TypeError, match=r"^p: expected a finite number at least 1, got"):
        wasserstein_1d(BINS, BINS, p=p)


@every_function
def test_a_flag_has_to_be_a_flag(function):
    with pytest.raises(TypeError, match=r"^require_sort: expected True or False, got 1"):
        function(BINS, BINS, require_sort=1)
    with pytest.raises(TypeError, match=r"^validate: expected True or False, got 'yes'"):
        function(BINS, BINS, validate="yes")


@pytest.mark.parametrize("name", ["return_quantiles", "limit_quantile_range"])
def test_what_is_wanted_of_the_line_has_to_be_a_flag(name):
    with pytest.raises(TypeError, match=rf"^{name}: expected True or False, got 'no'"):
        wasserstein_1d(BINS, BINS, **{name: "no"})


@pytest.mark.parametrize("function", [wasserstein_1d, transport_plan_1d])
@pytest.mark.parametrize("name", ["u_values", "v_values"])
def test_positions_promised_to_be_sorted_have_to_be(function, name):
    with pytest.raises(ValueError, match=rf"^{name}: expected .*ascending.*require_sort=True"):
        function(**sides(name, BINS.flip(0)), require_sort=False)


@every_function
@pytest.mark.parametrize("validate", [None, True])
def test_values_are_checked_unless_that_is_switched_off(function, validate):
    wrong = torch.tensor([-1.0, 1.0, NAN])
    with pytest.raises(ValueError, match=r"^u_weights: expected finite"):
        function(BINS, BINS, wrong, HALF, validate=validate)
    function(BINS, BINS, wrong, HALF, validate=False)
    with pytest.raises(ValueError, match=r"^u_weights: expected shape"):
        function(BINS, BINS, torch.ones(4), HALF, validate=False)


def test_large_finite_numbers_whose_sum_overflows_are_not_taken_for_infinite():
    huge = torch.tensor([3e38, 3e38, 3e38])
    assert wasserstein_1d(huge, huge).item() == 0


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (([0.5], BINS, BINS), TypeError, r"^qs: expected a torch.Tensor"),
        ((HALF, BINS, BINS * 1j), TypeError, r"^xs: expected real numbers"),
        ((HALF * NAN, BINS, BINS), ValueError, r"^qs: expected finite numbers"),
        ((HALF, BINS, torch.arange(4.0)), ValueError, r"^xs: expected as many positions as cws, 3"),
        ((HALF, BINS.flip(0), BINS), ValueError, r"^cws: expected .*ascending.*cumulative sum"),
        ((HALF, BINS[:0], BINS[:0]), ValueError, r"^cws: expected .*at least one entry"),
        ((torch.tensor(0.5), BINS, BINS), ValueError, r"^qs: expected at least one axis"),
        ((torch.ones(2, 3), torch.ones(5, 3), BINS), ValueError, r"^qs: expected leading axes"),
    ],
)
def test_wrong_levels_are_refused(arguments, kind, message):
    with pytest.raises(kind, match=message):
        quantile_function(*arguments)
