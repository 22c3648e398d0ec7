//! Scaling, labels and splits: against formulas, NumPy's and scikit-learn's rules, and data that
//! are nearly constant, huge, tiny or not there.

use dnn_blocks::Error;
use dnn_blocks::data::split;
use dnn_blocks::init::RandomSource;
use dnn_blocks::ndarray::{
    Array2, ArrayRef2, ArrayView2, Axis, ShapeBuilder, array, concatenate, s,
};
use dnn_blocks::prelude::*;
use dnn_blocks::rand::{SeedableRng, rngs::SmallRng};

fn normal<F: Float>(rows: usize, m: usize, mean: f64, deviation: f64) -> Array2<F> {
    let mut rng = NumpyRandom::seed(1);
    Array2::from_shape_simple_fn((rows, m), || F::of(mean + deviation * rng.randn()))
}

fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn mean_and_deviation_are_those_of_ndarray() {
    let x = normal::<f64>(5, 200, 3.0, 2.0);
    let standardizer = Standardizer::fit(&x).unwrap();
    let mean = x.mean_axis(Axis(1)).unwrap().insert_axis(Axis(1));
    let deviation = x.std_axis(Axis(1), 0.0).insert_axis(Axis(1));
    assert!((standardizer.mean() - &mean).iter().all(|d| d.abs() < 1e-14));
    assert!((standardizer.deviation() - &deviation).iter().all(|d| d.abs() < 1e-14));
    let scaled = standardizer.transform(&x).unwrap();
    assert!((&scaled - (&x - &mean) / &deviation).iter().all(|d| d.abs() < 1e-13));
    let back = standardizer.inverse_transform(&scaled).unwrap();
    assert!((&back - &x).iter().all(|d| d.abs() < 1e-14));
    let mut inplace = x.clone();
    standardizer.transform_inplace(&mut inplace).unwrap();
    assert_eq!(inplace, scaled);
}

/// Deviation 1 around 1e9, where the mean of squares has no digit of it, in every order.
#[test]
fn a_small_deviation_beside_a_large_mean_is_kept() {
    let mut x = normal::<f64>(1, 10_000, 0.0, 1.0);
    let exact = Standardizer::fit(&x).unwrap();
    for _ in 0..2 {
        let far = x.mapv(|x| x + 1e9);
        let standardizer = Standardizer::fit(&far).unwrap();
        let mean = standardizer.mean()[[0, 0]];
        assert!((mean - 1e9 - exact.mean()[[0, 0]]).abs() < 2e-7, "{mean}");
        let deviation = standardizer.deviation()[[0, 0]];
        assert!((deviation - exact.deviation()[[0, 0]]).abs() < 1e-8, "{deviation}");
        let scaled = standardizer.transform(&far).unwrap();
        assert!(scaled.mean().unwrap().abs() < 2e-7);
        assert!((scaled.std(0.0) - 1.0).abs() < 1e-8);
        x.as_slice_mut().unwrap().sort_by(f64::total_cmp);
    }
}

/// 2²⁵ ones among as many zeros: a running f32 sum would stop at 2²⁴; a deviation of 1 is a few units in the last
/// place of 1e6 in f32, and still counts.
#[test]
fn f32_rows_are_summed_in_f64() {
    let many = Array2::from_shape_fn((1, 1 << 26), |(_, i)| (i % 2) as f32);
    let standardizer = Standardizer::fit(&many).unwrap();
    assert_eq!((standardizer.mean()[[0, 0]], standardizer.deviation()[[0, 0]]), (0.5, 0.5));

    let x = normal::<f32>(1, 10_000, 1e6, 1.0);
    let wide = x.mapv(f64::from);
    let standardizer = Standardizer::fit(&x).unwrap();
    let deviation = f64::from(standardizer.deviation()[[0, 0]]);
    assert!((deviation / wide.std(0.0) - 1.0).abs() < 1e-6, "{deviation}");
    assert_eq!(standardizer.mean()[[0, 0]], wide.mean().unwrap() as f32);
    let scaled = standardizer.transform(&x).unwrap().mapv(f64::from);
    assert!(scaled.mean().unwrap().abs() < 0.04 && (scaled.std(0.0) - 1.0).abs() < 1e-6);
}

/// m is large and the deviation small: a bound that grows with m would call this constant.
#[test]
fn many_examples_do_not_make_a_feature_constant() {
    let x = Array2::from_shape_fn((1, 1 << 23), |(_, i)| 1e9 + 2.0 * (i % 2) as f64);
    let standardizer = Standardizer::fit(&x).unwrap();
    assert_eq!(standardizer.mean()[[0, 0]], 1e9 + 1.0);
    assert_eq!(standardizer.deviation()[[0, 0]], 1.0);
}

fn constants_become_0<F: Float>() {
    let largest = F::max_value();
    let values = [0.0, -0.0, 0.1, 1.0 / 3.0, -1e-5_f64.ln(), 1e9, -1e30, 1e-40].map(F::of);
    for value in values.into_iter().chain([largest, -largest, F::min_positive_value()]) {
        for m in [1, 2, 3, 10, 22, 569, 10_000] {
            let x = Array2::from_elem((1, m), value);
            let standardizer = Standardizer::fit(&x).unwrap();
            assert_eq!(standardizer.mean()[[0, 0]], value);
            assert_eq!(standardizer.deviation()[[0, 0]], F::one(), "{value} times {m}");
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

/// What should be one number, and came by sums that round differently.
fn rounding_becomes_nearly_0<F: Float>() {
    for size in [0.3, 1.0, 1e9, 1e30].map(F::of) {
        let value = |i: usize| size * (F::one() + F::of(i as f64 % 3.0) * F::epsilon());
        for m in [2, 3, 100, 1000] {
            let x = Array2::from_shape_fn((1, m), |(_, i)| value(i));
            assert!(x[[0, 0]] != x[[0, 1]]);
            let standardizer = Standardizer::fit(&x).unwrap();
            assert!(standardizer.deviation()[[0, 0]] >= F::one(), "{size} times {m}");
            let scaled = standardizer.transform(&x).unwrap();
            let bound = F::of(4.0) * F::epsilon();
            assert!(scaled.iter().all(|z| z.abs() <= bound), "{size} times {m}: {scaled}");
        }
    }
    // Ten units in the last place are data, and so is all that is far from constant around 0.
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
    // What a subnormal number cannot halve, and what f32 cannot hold as a deviation.
    for x in [array![[0.0, 5e-324_f64]], array![[5e-324, 1e-323, 1.5e-323]]] {
        let standardizer = Standardizer::fit(&x).unwrap();
        assert!(standardizer.deviation()[[0, 0]] > 0.0);
        assert!(standardizer.transform(&x).unwrap().iter().all(|z| z.abs() <= 2.0));
    }
    let x = array![[0.0, 1e-45_f32]];
    let standardizer = Standardizer::fit(&x).unwrap();
    assert!(standardizer.deviation()[[0, 0]] > 0.0);
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
        let expected = format!("X: feature 3 of example 7 is {value}");
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
    let Error::NotFinite { operand, feature, example, value } = error else { panic!("{error}") };
    assert!((operand, feature, example) == ("X", 0, 1) && value.is_nan());
}

#[test]
fn data_of_other_shapes_are_refused() {
    let standardizer = Standardizer::fit(&normal::<f64>(3, 5, 0.0, 1.0)).unwrap();
    let expected = "mean (3, 1) and X (4, 5) do not fit: same rows";
    assert_eq!(message(standardizer.transform(&Array2::zeros((4, 5)))), expected);
    let empty = "X (3, 0) holds no example: a batch has at least one column";
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
    let (mean, deviation) = (standardizer.mean().clone(), standardizer.deviation().clone());
    let kept = Standardizer::from_columns(mean.clone(), deviation.clone()).unwrap();
    assert_eq!(kept, standardizer);
    for wrong in [0.0, -1.0] {
        let mut deviation = deviation.clone();
        deviation[[2, 0]] = wrong;
        let error = message(Standardizer::from_columns(mean.clone(), deviation));
        assert_eq!(error, format!("deviation = {wrong}: above 0"));
    }
    let mut broken = deviation.clone();
    broken[[1, 0]] = f32::NAN;
    assert_eq!(
        message(Standardizer::from_columns(mean.clone(), broken)),
        "deviation: feature 1 of example 0 is NaN"
    );
    let short = deviation.slice(s![..2, ..]).to_owned();
    assert_eq!(
        message(Standardizer::from_columns(mean, short)),
        "mean (3, 1) and deviation (2, 1) do not fit: two columns of one length"
    );
    let wide = Array2::<f64>::ones((2, 2));
    assert!(Standardizer::from_columns(wide.clone(), wide).is_err());
}

fn one_hot_and_back<F: Float>() {
    let labels = [2, 0, 1, 2, 2];
    let y = one_hot::<F>(&labels, 4).unwrap();
    assert_eq!(y.dim(), (4, 5));
    assert_eq!(y.sum(), F::of(5.0));
    assert!(labels.iter().enumerate().all(|(i, &label)| y[[label, i]] == F::one()));
    assert_eq!(predicted_classes(&y).unwrap(), labels);
}

#[test]
fn labels_become_columns_and_come_back() {
    one_hot_and_back::<f32>();
    one_hot_and_back::<f64>();
    assert_eq!(one_hot::<f64>(&[0], 1).unwrap(), array![[1.0]]);
    assert_eq!(
        one_hot::<f64>(&[0, 1, 3, 9], 3).unwrap_err(),
        Error::Label { example: 2, class: 3, classes: 3 }
    );
    assert_eq!(
        message(one_hot::<f64>(&[0], 0)),
        "example 0 is of class 0, but the classes are none"
    );
    assert!(matches!(one_hot::<f64>(&[], 3), Err(Error::EmptyBatch { .. })));
    assert!(matches!(one_hot::<f64>(&[0, 1], 1 << 60), Err(Error::TooLarge { .. })));
    assert!(matches!(one_hot::<f64>(&[usize::MAX], usize::MAX), Err(Error::Label { .. })));
}

#[test]
fn the_predicted_class_is_the_first_of_the_largest() {
    let y = array![
        [0.1, 0.5, f64::NEG_INFINITY, -3.0],
        [0.8, 0.5, f64::NEG_INFINITY, -1.0],
        [0.1, 0.0, f64::INFINITY, -2.0],
    ];
    let classes = |y: &ArrayRef2<f64>| predicted_classes(y).unwrap();
    assert_eq!(classes(&y), [1, 0, 2, 1]);
    assert_eq!(classes(&y.slice(s![..;-1, ..2])), [1, 1]);
    assert_eq!(classes(&y.t().as_standard_layout().t()), classes(&y));
    assert_eq!(classes(&Array2::zeros((3, 0))), [0; 0]);
    let error = predicted_classes(&Array2::<f32>::zeros((0, 2))).unwrap_err();
    assert!(matches!(error, Error::ZeroSize { .. }), "{error}");
    let mut y = y;
    y[[2, 1]] = f64::NAN;
    assert_eq!(message(predicted_classes(&y)), "AL[2, 1] is NaN");
}

/// One function gives the classes of every prediction: of a sigmoid, a softmax, the bare network or
/// a model.
#[test]
fn the_classes_of_two_and_of_three_labels_are_those_of_the_model() {
    let x = normal::<f64>(4, 60, 0.0, 1.0);
    for classes in [2, 3] {
        let labels: Vec<usize> = (0..60).map(|i| i % classes).collect();
        let x = Array2::from_shape_fn((4, 60), |(f, i)| {
            x[[f, i]] + if f == labels[i] { 3.0 } else { 0.0 }
        });
        let how = Hyperparameters::default().hidden(&[8]).epochs(40).learning_rate(0.01);
        let mut model = Classifier::new(how);
        let x = Examples::columns(&x);
        model.fit(x, &labels).unwrap();
        let expected = model.predict(x).unwrap();
        assert!(accuracy(&expected, &labels).unwrap() > 0.9);
        assert_eq!(predicted_classes(&model.predict_proba(x).unwrap()).unwrap(), expected);
        let mut predictor = model.predictor(60).unwrap();
        let al = predictor.predict_proba(x.as_columns()).unwrap();
        assert_eq!(predicted_classes(&al).unwrap(), expected);
    }
    let half = array![[0.5, 0.5_f64.next_up(), 0.5_f64.next_down(), 0.0, 1.0]];
    assert_eq!(predicted_classes(&half).unwrap(), [0, 1, 0, 0, 1]);
    assert_eq!(message(predicted_classes(&array![[0.1, f64::NAN]])), "AL[0, 1] is NaN");
}

#[test]
fn classes_are_sorted_and_distinct() {
    let labels = ["setosa", "virginica", "setosa", "versicolor"].map(String::from);
    let classes = Classes::of(&labels);
    assert_eq!(classes.names(), ["setosa", "versicolor", "virginica"]);
    let encoded = classes.encode(&labels).unwrap();
    assert_eq!(encoded, [0, 2, 0, 1]);
    assert_eq!(classes.decode(&encoded).unwrap(), labels);
    assert_eq!(
        classes.encode(&["setosa".to_string(), "Setosa".to_string()]).unwrap_err(),
        Error::UnknownLabel { example: 1, classes: 3 }
    );
    assert_eq!(
        classes.decode(&[0, 1, 3]).unwrap_err(),
        Error::Label { example: 2, class: 3, classes: 3 }
    );
    let none = Classes::<i32>::of(&[]);
    assert_eq!((none.encode(&[]), none.decode(&[])), (Ok(vec![]), Ok(vec![])));
    assert_eq!(message(none.decode(&[0])), "example 0 is of class 0, but the classes are none");
    assert_eq!(Classes::of(&[true, false]).encode(&[true]).unwrap(), [1]);
}

fn all_once(train: &[usize], test: &[usize], m: usize) {
    let mut all = [train, test].concat();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..m), "{train:?} {test:?}");
}

#[test]
fn a_split_takes_every_example_once() {
    for m in [1, 2, 3, 10, 569] {
        for share in [1e-9, 0.2, 0.5, 0.999_999] {
            let (train, test) = split(m, share, &mut NumpyRandom::seed(5)).unwrap();
            all_once(&train, &test, m);
            let expected = ((share * m as f64).round() as usize).clamp(1, m.max(2) - 1);
            assert_eq!(test.len(), if m == 1 { share.round() as usize } else { expected });
            let again = split(m, share, &mut NumpyRandom::seed(5)).unwrap();
            assert_eq!(again, (train, test));
        }
    }
    let draw = |seed| split(100, 0.3, &mut SmallRng::seed_from_u64(seed)).unwrap();
    assert!(draw(1) == draw(1) && draw(1) != draw(2));
}

/// scikit-learn 1.9.1: `train_test_split(np.arange(10), test_size=0.3, random_state=0)`.
#[test]
fn a_split_is_that_of_scikit_learn() {
    let (train, test) = split(10, 0.3, &mut NumpyRandom::seed(0)).unwrap();
    assert_eq!((&train[..], &test[..]), (&[9, 1, 6, 7, 3, 0, 5][..], &[2, 8, 4][..]));
}

fn tests_of(labels: &[usize], share: f64) -> Vec<usize> {
    let (train, test) = stratified_split(labels, share, &mut NumpyRandom::seed(3)).unwrap();
    all_once(&train, &test, labels.len());
    let last = *labels.iter().max().unwrap();
    (0..=last).map(|class| test.iter().filter(|&&i| labels[i] == class).count()).collect()
}

fn labels(sizes: &[usize]) -> Vec<usize> {
    sizes.iter().enumerate().flat_map(|(class, &size)| vec![class; size]).collect()
}

#[test]
fn a_stratified_split_keeps_the_share_of_every_class() {
    assert_eq!(tests_of(&labels(&[50, 30, 20]), 0.2), [10, 6, 4]);
    // 3.5, 2.1, 1.4 of 7: the largest remainder gets the seventh; 2.5 and 2.5 of 5: the first.
    assert_eq!(tests_of(&labels(&[5, 3, 2]), 0.7), [4, 2, 1]);
    assert_eq!(tests_of(&labels(&[5, 5]), 0.5), [3, 2]);
    // 0.2 of class 1 would be none, 1.8 of class 0 all: one is on each side, and the sum stays.
    assert_eq!(tests_of(&labels(&[98, 2]), 0.1), [9, 1]);
    assert_eq!(tests_of(&labels(&[2, 98]), 0.9), [1, 89]);
    // Where both cannot hold, the classes win.
    assert_eq!(tests_of(&labels(&[2; 10]), 0.1), [1; 10]);
    assert_eq!(tests_of(&labels(&[2; 10]), 0.9), [1; 10]);
    // A single example is where the remainder puts it.
    assert_eq!(tests_of(&labels(&[1, 1, 1, 1]), 0.5), [1, 1, 0, 0]);
    assert_eq!(tests_of(&labels(&[1, 9]), 0.2), [0, 2]);
    assert_eq!((tests_of(&[0], 0.4), tests_of(&[0], 0.6)), (vec![0], vec![1]));
    // Labels need not be in a row, nor small.
    let far = [usize::MAX, 7, usize::MAX, 7];
    let (train, test) = stratified_split(&far, 0.5, &mut NumpyRandom::seed(1)).unwrap();
    assert!(far[train[0]] != far[train[1]] && far[test[0]] != far[test[1]]);
}

/// For random sizes: the total, one of each class on each side, and no class further than one
/// place from its share unless that asks for it.
#[test]
fn stratified_splits_of_random_classes() {
    let mut rng = NumpyRandom::seed(9);
    for round in 0..300 {
        let sizes: Vec<_> = (0..1 + round % 7).map(|_| 1 + rng.next_u32() as usize % 30).collect();
        let share = rng.rand().clamp(0.01, 0.99);
        let m: usize = sizes.iter().sum();
        let total = (share * m as f64).round() as usize;
        let lowest: usize = sizes.iter().map(|&n| usize::from(n > 1)).sum();
        let highest: usize = sizes.iter().map(|&n| n - usize::from(n > 1)).sum();
        let found = tests_of(&labels(&sizes), share);
        assert_eq!(found.iter().sum::<usize>(), total.clamp(lowest, highest), "{sizes:?} {share}");
        let quotas: Vec<_> = sizes.iter().map(|&n| (n * total) as f64 / m as f64).collect();
        let bound_by_none =
            quotas.iter().zip(&sizes).all(|(&q, &n)| q >= 1.0 && q <= n as f64 - 1.0);
        for ((&found, &n), quota) in found.iter().zip(&sizes).zip(quotas) {
            assert!(n < 2 || (1..n).contains(&found), "{sizes:?} {share}");
            let near = (found as f64 - quota).abs() < 1.0;
            assert!(near || !bound_by_none, "{sizes:?} {share}: {found} for {quota}");
        }
    }
}

#[test]
fn a_stratified_split_draws_and_repeats() {
    let labels = labels(&[60, 40]);
    let draw = |seed| stratified_split(&labels, 0.3, &mut SmallRng::seed_from_u64(seed)).unwrap();
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1).1, draw(2).1);
    // Every example is as likely in the test as any other.
    let mut hits = vec![0; 100];
    (0..2000).for_each(|seed| draw(seed).1.iter().for_each(|&i| hits[i] += 1));
    assert!(hits.iter().all(|&hits| (500..700).contains(&hits)), "{hits:?}");
}

#[test]
fn useless_shares_and_no_examples_are_refused() {
    let rng = &mut NumpyRandom::seed(1);
    for share in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
        let expected = format!("test_share = {share}: a number between 0 and 1");
        assert_eq!(message(split(10, share, rng)), expected);
        assert_eq!(message(stratified_split(&[0, 1], share, rng)), expected);
    }
    assert!(matches!(split(0, 0.5, rng), Err(Error::EmptyBatch { .. })));
    assert!(matches!(stratified_split(&[], 0.5, rng), Err(Error::EmptyBatch { .. })));
}

/// A generator of one's own, which has only what the trait asks for.
struct Own(SmallRng);

impl Own {
    fn seed(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }
}

impl RandomSource for Own {
    fn standard_normal(&mut self) -> f64 {
        self.0.standard_normal()
    }
    fn uniform(&mut self) -> f64 {
        self.0.uniform()
    }
}

#[test]
fn every_order_is_as_likely_as_any_other() {
    let sources: [Box<dyn RandomSource>; 3] = [
        Box::new(NumpyRandom::seed(1)),
        Box::new(SmallRng::seed_from_u64(1)),
        Box::new(Own::seed(1)),
    ];
    for mut source in sources {
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..24_000 {
            *counts.entry(source.permutation(4)).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 24);
        // 1000 each, with a deviation of 31.
        assert!(counts.values().all(|n| (850..1150).contains(n)), "{counts:?}");
        let mut order = [7, 7, 9];
        source.shuffle(&mut order);
        order.sort_unstable();
        assert_eq!(order, [7, 7, 9]);
        source.shuffle(&mut []);
        assert_eq!((source.permutation(0), source.permutation(1)), (vec![], vec![0]));
        let mut long = source.permutation(1000);
        assert!(long.windows(2).filter(|pair| pair[0] < pair[1]).count() < 600);
        long.sort_unstable();
        assert!(long.into_iter().eq(0..1000));
    }
}

/// NumPy: `r = np.random.RandomState(3); a = np.arange(10, 20); r.shuffle(a)`.
#[test]
fn a_shuffle_of_numpy_random_is_numpys_also_behind_the_trait() {
    let expected = [15, 14, 11, 12, 19, 16, 17, 10, 13, 18];
    let mut order: Vec<usize> = (10..20).collect();
    let source: &mut dyn RandomSource = &mut NumpyRandom::seed(3);
    source.shuffle(&mut order);
    assert_eq!(order, expected);
    let inherent = NumpyRandom::seed(3).permutation(10);
    assert_eq!(inherent, expected.map(|i| i - 10));
    assert_eq!(RandomSource::permutation(&mut NumpyRandom::seed(3), 10), inherent);
}

/// A source that is stuck, or breaks its promise, still ends, with a permutation.
#[test]
fn no_source_hangs_a_shuffle() {
    struct Stuck(f64);
    impl RandomSource for Stuck {
        fn standard_normal(&mut self) -> f64 {
            self.0
        }
        fn uniform(&mut self) -> f64 {
            self.0
        }
    }
    for at in [0.0, 0.5, 1.0, -1.0, 1e300, f64::NAN, f64::INFINITY] {
        let mut order = Stuck(at).permutation(100);
        order.sort_unstable();
        assert!(order.into_iter().eq(0..100), "{at}");
    }
}

/// The whole way: fit on the training part, bring the test part along.
#[test]
fn a_network_is_trained_on_prepared_data() {
    let mut rng = NumpyRandom::seed(4);
    let near = Array2::from_shape_simple_fn((2, 60), || 1e4 + rng.randn());
    let far = Array2::from_shape_simple_fn((2, 40), || 1e4 + 4.0 + rng.randn());
    let x = concatenate![Axis(1), near, far];
    let names: Vec<_> = (0..100).map(|i| if i < 60 { "near" } else { "far" }).collect();
    let classes = Classes::of(&names);
    let labels = classes.encode(&names).unwrap();
    let (train, test) = stratified_split(&labels, 0.25, &mut rng).unwrap();
    let standardizer = Standardizer::fit(&x.select(Axis(1), &train)).unwrap();
    let train_x = standardizer.transform(&x.select(Axis(1), &train)).unwrap();
    let test_x = standardizer.transform(&x.select(Axis(1), &test)).unwrap();
    let part = |part: &[usize]| part.iter().map(|&i| labels[i]).collect::<Vec<_>>();
    let y = one_hot(&part(&train), classes.names().len()).unwrap();

    let mut parameters = initialize_parameters_deep(&[2, 2], Initializer::Zeros, &mut rng).unwrap();
    let schedule = Schedule::InverseTime { decay_rate: 0.01 };
    for epoch in 0..100 {
        let (al, caches) = l_model_forward(&train_x, &parameters).unwrap();
        let gradients = l_model_backward(&al, &y, &caches).unwrap();
        update_parameters(&mut parameters, &gradients, schedule.at(1.0, epoch)).unwrap();
    }
    let found = predicted_classes(&predict_proba(&test_x, &parameters).unwrap()).unwrap();
    assert!(accuracy(&found, &part(&test)).unwrap() >= 0.96);
}
