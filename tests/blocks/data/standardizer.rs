//! Standardization against its formulas; nearly constant, huge, tiny and missing data.

use super::normal;
use crate::support::message;
use dnn_blocks::Error;
use dnn_blocks::error::Position;
use dnn_blocks::ndarray::{Array2, ArrayView2, Axis, ShapeBuilder, array, s};
use dnn_blocks::prelude::*;

#[test]
fn mean_and_deviation_are_those_of_ndarray() {
    let x = normal::<f64>(5, 200, 3.0, 2.0);
    let standardizer = Standardizer::fit(&x).unwrap();
    let mean = x.mean_axis(Axis(1)).unwrap().insert_axis(Axis(1));
    let deviation = x.std_axis(Axis(1), 0.0).insert_axis(Axis(1));
    assert!((standardizer.mean() - &mean).iter().all(|d| d.abs() < 1e-14));
    assert!((standardizer.std_dev() - &deviation).iter().all(|d| d.abs() < 1e-14));
    let scaled = standardizer.transform(&x).unwrap();
    assert!((&scaled - (&x - &mean) / &deviation).iter().all(|d| d.abs() < 1e-13));
    let back = standardizer.inverse_transform(&scaled).unwrap();
    assert!((&back - &x).iter().all(|d| d.abs() < 1e-14));
    let mut inplace = x.clone();
    standardizer.transform_inplace(&mut inplace).unwrap();
    assert_eq!(inplace, scaled);
}

/// A standard deviation of 1 around 1e9, which the mean of squares would lose, in every order.
#[test]
fn a_small_deviation_beside_a_large_mean_is_kept() {
    let mut x = normal::<f64>(1, 10_000, 0.0, 1.0);
    let exact = Standardizer::fit(&x).unwrap();
    for _ in 0..2 {
        let far = x.mapv(|x| x + 1e9);
        let standardizer = Standardizer::fit(&far).unwrap();
        let mean = standardizer.mean()[[0, 0]];
        assert!((mean - 1e9 - exact.mean()[[0, 0]]).abs() < 2e-7, "{mean}");
        let deviation = standardizer.std_dev()[[0, 0]];
        assert!((deviation - exact.std_dev()[[0, 0]]).abs() < 1e-8, "{deviation}");
        let scaled = standardizer.transform(&far).unwrap();
        assert!(scaled.mean().unwrap().abs() < 2e-7);
        assert!((scaled.std(0.0) - 1.0).abs() < 1e-8);
        x.as_slice_mut().unwrap().sort_by(f64::total_cmp);
    }
}

/// 2²⁵ ones among as many zeros: a running f32 sum would stop at 2²⁴. A standard deviation of 1
/// around 1e6 is a few units in the last place of f32, and not constant.
#[test]
fn f32_rows_are_summed_in_f64() {
    let many = Array2::from_shape_fn((1, 1 << 26), |(_, i)| (i % 2) as f32);
    let standardizer = Standardizer::fit(&many).unwrap();
    assert_eq!((standardizer.mean()[[0, 0]], standardizer.std_dev()[[0, 0]]), (0.5, 0.5));

    let x = normal::<f32>(1, 10_000, 1e6, 1.0);
    let wide = x.mapv(f64::from);
    let standardizer = Standardizer::fit(&x).unwrap();
    let deviation = f64::from(standardizer.std_dev()[[0, 0]]);
    assert!((deviation / wide.std(0.0) - 1.0).abs() < 1e-6, "{deviation}");
    assert_eq!(standardizer.mean()[[0, 0]], wide.mean().unwrap() as f32);
    let scaled = standardizer.transform(&x).unwrap().mapv(f64::from);
    assert!(scaled.mean().unwrap().abs() < 0.04 && (scaled.std(0.0) - 1.0).abs() < 1e-6);
}

/// Many examples with a small standard deviation, which a bound that grows with m calls constant.
#[test]
fn many_examples_do_not_make_a_feature_constant() {
    let x = Array2::from_shape_fn((1, 1 << 23), |(_, i)| 1e9 + 2.0 * (i % 2) as f64);
    let standardizer = Standardizer::fit(&x).unwrap();
    assert_eq!(standardizer.mean()[[0, 0]], 1e9 + 1.0);
    assert_eq!(standardizer.std_dev()[[0, 0]], 1.0);
}

/// A running sum of this row is rounded up at most steps, and the mean with it. The exact
/// figures follow from the three values and their numbers.
#[test]
fn rounding_of_a_long_sum_does_not_change_the_statistics() {
    let m = 1 << 22;
    let bulk = 1.0 - 0.49 * 2.0_f64.powi(-31);
    let mut x = Array2::from_elem((1, m), bulk);
    (x[[0, m - 2]], x[[0, m - 1]]) = (-1.0, 1.0);
    let standardizer = Standardizer::fit(&x).unwrap();

    let m = m as f64;
    let mean = bulk - 2.0 * bulk / m;
    let squares = (m - 2.0) * (bulk - mean).powi(2) + (1.0 + mean).powi(2) + (1.0 - mean).powi(2);
    let std_dev = (squares / m).sqrt();
    assert!((standardizer.mean()[[0, 0]] - mean).abs() < 2e-16);
    assert!((standardizer.std_dev()[[0, 0]] / std_dev - 1.0).abs() < 2e-15);
}

fn constants_become_0<F: Float>() {
    let largest = F::max_value();
    let values = [0.0, -0.0, 0.1, 1.0 / 3.0, -1e-5_f64.ln(), 1e9, -1e30, 1e-40].map(F::of);
    for value in values.into_iter().chain([largest, -largest, F::min_positive_value()]) {
        for m in [1, 2, 3, 10, 22, 569, 10_000] {
            let x = Array2::from_elem((1, m), value);
            let standardizer = Standardizer::fit(&x).unwrap();
            assert_eq!(standardizer.mean()[[0, 0]], value);
            assert_eq!(standardizer.std_dev()[[0, 0]], F::one(), "{value} times {m}");
            assert_eq!(standardizer.transform(&x).unwrap(), Array2::<F>::zeros((1, m)));
            assert_eq!(standardizer.inverse_transform(&Array2::zeros((1, m))).unwrap(), x);
        }
    }
}

#[test]
fn constant_features_become_0() {
    constants_become_0::<f32>();
    constants_become_0::<f64>();
}

/// One number, computed by sums that round differently, is constant.
fn rounding_becomes_nearly_0<F: Float>() {
    for size in [0.3, 1.0, 1e9, 1e30].map(F::of) {
        let value = |i: usize| size * (F::one() + F::of(i as f64 % 3.0) * F::epsilon());
        for m in [2, 3, 100, 1000] {
            let x = Array2::from_shape_fn((1, m), |(_, i)| value(i));
            assert!(x[[0, 0]] != x[[0, 1]]);
            let standardizer = Standardizer::fit(&x).unwrap();
            assert!(standardizer.std_dev()[[0, 0]] >= F::one(), "{size} times {m}");
            let scaled = standardizer.transform(&x).unwrap();
            let bound = F::of(4.0) * F::epsilon();
            assert!(scaled.iter().all(|z| z.abs() <= bound), "{size} times {m}: {scaled}");
        }
    }
    // Ten units in the last place are data, and so are tiny numbers around 0.
    let ten = F::of(10.0) * F::epsilon();
    for x in [
        array![[F::one() - ten, F::one() + ten]],
        array![[F::of(1e-30), F::of(-1e-30)]],
        array![[F::zero(), F::min_positive_value() * F::of(2.0)]],
    ] {
        let scaled = Standardizer::fit(&x).unwrap().transform(&x).unwrap();
        let unit = |z: &F| (z.abs().as_f64() - 1.0).abs() < 0.1;
        assert!(scaled.iter().all(unit) && scaled[[0, 0]] == -scaled[[0, 1]], "{x} {scaled}");
    }
}

#[test]
fn features_that_are_constant_but_for_rounding_become_nearly_0() {
    rounding_becomes_nearly_0::<f32>();
    rounding_becomes_nearly_0::<f64>();
    // A subnormal number cannot be halved; some standard deviations do not fit into f32.
    for x in [array![[0.0, 5e-324_f64]], array![[5e-324, 1e-323, 1.5e-323]]] {
        let standardizer = Standardizer::fit(&x).unwrap();
        assert!(standardizer.std_dev()[[0, 0]] > 0.0);
        assert!(standardizer.transform(&x).unwrap().iter().all(|z| z.abs() <= 2.0));
    }
    let x = array![[0.0, 1e-45_f32]];
    let standardizer = Standardizer::fit(&x).unwrap();
    assert!(standardizer.std_dev()[[0, 0]] > 0.0);
}

#[test]
fn numbers_at_the_ends_of_the_type_stay_finite() {
    let x = array![[f64::MAX, -f64::MAX, -f64::MAX, 0.0], [1e-300, -1e-300, 3e-300, 0.0]];
    let standardizer = Standardizer::fit(&x).unwrap();
    let scaled = standardizer.transform(&x).unwrap();
    for row in scaled.rows() {
        assert!(row.mean().unwrap().abs() < 1e-15 && (row.std(0.0) - 1.0).abs() < 1e-14, "{row}");
    }
    let back = standardizer.inverse_transform(&scaled.mapv(|z| z * 0.999)).unwrap();
    assert!(back.iter().all(|x| x.is_finite()));
    let x = array![[f32::MAX, -f32::MAX, f32::MAX]];
    let scaled = Standardizer::fit(&x).unwrap().transform(&x).unwrap();
    assert!((scaled[[0, 1]] + 2.0_f32.sqrt()).abs() < 1e-6, "{scaled}");
}

#[test]
fn a_result_is_finite_where_its_product_overflows() {
    let largest_power = 2.0_f64.powi(1023);
    let (mean, std_dev) = (array![[-largest_power]], array![[largest_power]]);
    let standardizer = Standardizer::from_columns(mean, std_dev).unwrap();
    assert_eq!(standardizer.inverse_transform(&array![[2.0]]).unwrap(), array![[largest_power]]);
}

#[test]
fn every_layout_is_read_and_written() {
    let x = normal::<f64>(3, 40, 1.0, 5.0);
    let expected = Standardizer::fit(&x).unwrap();
    let scaled = expected.transform(&x).unwrap();
    let transposed = x.t().as_standard_layout().into_owned();
    let mut spread = Array2::from_elem((6, 120), f64::NAN);
    spread.slice_mut(s![..;2, ..;3]).assign(&x);
    for view in [transposed.t(), spread.slice(s![..;2, ..;3])] {
        let found = Standardizer::fit(&view).unwrap();
        assert_eq!(found, expected);
        assert_eq!(found.transform(&view).unwrap(), scaled);
    }
    expected.transform_inplace(&mut spread.slice_mut(s![..;2, ..;3])).unwrap();
    assert_eq!(spread.slice(s![..;2, ..;3]), scaled);
    assert!(spread[[1, 1]].is_nan());
    let mut backwards = transposed.clone();
    expected.transform_inplace(&mut backwards.view_mut().reversed_axes()).unwrap();
    assert_eq!(backwards.t(), scaled);
}

#[test]
fn nan_and_infinities_are_named_by_feature_and_example() {
    let fine = normal::<f64>(4, 9, 0.0, 1.0);
    let standardizer = Standardizer::fit(&fine).unwrap();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut x = fine.clone();
        x[[3, 7]] = value;
        let expected = format!("X[feature 3, example 7] is {value}");
        assert_eq!(message(Standardizer::fit(&x)), expected);
        assert_eq!(message(standardizer.transform(&x)), expected);
        assert_eq!(message(Standardizer::fit(&x.t().as_standard_layout().t())), expected);
        let before = x.clone();
        assert_eq!(message(standardizer.transform_inplace(&mut x)), expected);
        assert!(x.iter().zip(&before).all(|(a, b)| a.to_bits() == b.to_bits()), "left as it was");
        let expected = expected.replace('X', "Z");
        assert_eq!(message(standardizer.inverse_transform(&x)), expected);
    }
    let error = Standardizer::fit(&array![[1.0, f32::NAN]]).unwrap_err();
    let Error::NotFinite { layer, operand, position, value, feature_name } = error else {
        panic!("{error}")
    };
    assert_eq!(feature_name, None);
    assert_eq!((layer, operand), (None, "X"));
    assert_eq!(position, Position::Feature { feature: 0, example: 1 });
    assert!(value.is_nan());
}

#[test]
fn data_of_other_shapes_are_refused() {
    let standardizer = Standardizer::fit(&normal::<f64>(3, 5, 0.0, 1.0)).unwrap();
    let expected = "mean (3, 1) and X (4, 5) do not fit: same rows";
    assert_eq!(message(standardizer.transform(&Array2::zeros((4, 5)))), expected);
    let empty = "X (3, 0) has no examples: a batch needs at least one column";
    assert_eq!(message(standardizer.transform(&Array2::zeros((3, 0)))), empty);
    assert_eq!(message(Standardizer::<f64>::fit(&Array2::zeros((3, 0)))), empty);
    let nothing = Standardizer::<f64>::fit(&Array2::zeros((0, 5)));
    assert!(matches!(nothing, Err(Error::ZeroSize { .. })));
    let one = [1.0];
    // Refused before anything of that length is read.
    let rows = ArrayView2::from_shape((1 << 50, 1).strides((0, 0)), &one).unwrap();
    assert!(matches!(standardizer.transform(&rows), Err(Error::ShapeMismatch { .. })));
}

#[test]
fn columns_come_back_as_they_were_kept() {
    let standardizer = Standardizer::fit(&normal::<f32>(3, 50, 4.0, 0.3)).unwrap();
    let (mean, deviation) = (standardizer.mean().clone(), standardizer.std_dev().clone());
    let kept = Standardizer::from_columns(mean.clone(), deviation.clone()).unwrap();
    assert_eq!(kept, standardizer);
    for wrong in [0.0, -1.0] {
        let mut deviation = deviation.clone();
        deviation[[2, 0]] = wrong;
        let error = message(Standardizer::from_columns(mean.clone(), deviation));
        assert_eq!(error, format!("std_dev[2, 0] is {wrong}, but must be above 0"));
    }
    let mut broken = deviation.clone();
    broken[[1, 0]] = f32::NAN;
    assert_eq!(message(Standardizer::from_columns(mean.clone(), broken)), "std_dev[1, 0] is NaN");
    let short = deviation.slice(s![..2, ..]).to_owned();
    assert_eq!(
        message(Standardizer::from_columns(mean, short)),
        "mean (3, 1) and std_dev (2, 1) do not fit: two columns of one length"
    );
    let wide = Array2::<f64>::ones((2, 2));
    assert!(Standardizer::from_columns(wide.clone(), wide).is_err());
}
