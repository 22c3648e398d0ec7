//! Generated data sets against the course's and scikit-learn's.

use crate::support::reference::{assert_close, json, matrix, number};
use dnn_blocks::course::datasets::{blobs, circles, load_planar_dataset, moons, spirals};
use dnn_blocks::init::RandomSource;
use dnn_blocks::ndarray::{Array2, Axis};
use dnn_blocks::prelude::*;
use dnn_blocks::rand::{SeedableRng, rngs::SmallRng};
use dnn_blocks::{Error, Result};
use std::f64::consts::PI;

type Data<F> = (Array2<F>, Array2<F>);

fn seed(k: u32) -> NumpyRandom {
    NumpyRandom::seed(k)
}

/// Bit-identical where logarithm, sine and cosine come from glibc.
#[test]
fn the_flower_is_that_of_the_course() {
    let data = json("planar_flower");
    let (x, y) = load_planar_dataset::<f64>(400, &mut seed(1)).unwrap();
    let glibc = cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"));
    assert_close("X", &x, &matrix(&data["X"]), if glibc { 0.0 } else { 1e-12 });
    assert_close("Y", &y, &matrix(&data["Y"]), 0.0);
}

#[test]
fn moons_and_circles_of_course_2() {
    let data = json("c2_moons");
    let (x, y) = moons::<f64>(300, 0.2, &mut seed(3)).unwrap();
    assert_close("X", &x, &matrix(&data["X"]), 1e-12);
    assert_close("Y", &y, &matrix(&data["Y"]), 0.0);
    let data = json("c2_circles");
    for (name, m, k) in [("train", 300, 1), ("test", 100, 2)] {
        let (x, y) = circles::<f64>(m, 0.05, 0.8, &mut seed(k)).unwrap();
        assert_close("X", &x, &matrix(&data[format!("{name}_X")]), 1e-12);
        assert_close("Y", &y, &matrix(&data[format!("{name}_Y")]), 0.0);
    }
}

#[test]
fn moons_circles_and_blobs_are_those_of_scikit_learn() {
    for case in json("datasets")["cases"].as_array().unwrap() {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let count = |name: &str| number(&inputs[name]) as usize;
        let (m, noise) = (count("m"), number(&inputs["noise"]));
        let rng = &mut seed(count("seed") as u32);
        let (x, y) = match case["function"].as_str().unwrap() {
            "moons" => moons::<f64>(m, noise, rng),
            "circles" => circles(m, noise, number(&inputs["factor"]), rng),
            _ => blobs(m, count("n_x"), count("classes"), noise, rng),
        }
        .unwrap();
        assert_close("Y", &y, &matrix(&expected["Y"]), 0.0);
        let expected = matrix(&expected["X"]);
        assert_eq!(x.dim(), expected.dim());
        let largest = (&x - &expected).iter().fold(0.0, |most: f64, d| most.max(d.abs()));
        assert!(largest < 1e-14, "{inputs}: {largest}");
    }
}

/// The points of one class of a set without noise, sorted by their place on the curve.
fn points((x, y): &Data<f64>, class: f64, place: impl Fn(f64, f64) -> f64) -> Vec<[f64; 2]> {
    let columns = x.columns().into_iter().zip(y).filter(|(_, y)| **y == class);
    let mut points: Vec<_> = columns.map(|(point, _)| [point[0], point[1]]).collect();
    points.sort_by(|a, b| place(a[0], a[1]).total_cmp(&place(b[0], b[1])));
    points
}

fn assert_points(found: &[[f64; 2]], expected: impl Fn(usize) -> [f64; 2]) {
    for (i, found) in found.iter().enumerate() {
        let [x, y] = expected(i);
        assert!((found[0] - x).abs() < 1e-14 && (found[1] - y).abs() < 1e-14, "{i}: {found:?}");
    }
}

#[test]
fn without_noise_the_curves_are_closed_formulas() {
    for (m, first, second) in [(2, 1, 1), (3, 1, 2), (40, 20, 20), (41, 20, 21)] {
        let angle = |i: usize, n: usize| if n > 1 { PI * i as f64 / (n - 1) as f64 } else { 0.0 };
        let data = moons(m, 0.0, &mut seed(1)).unwrap();
        let outer = points(&data, 0.0, |x, _| -x);
        assert_eq!(outer.len(), first);
        assert_points(&outer, |i| [angle(i, first).cos(), angle(i, first).sin()]);
        let inner = points(&data, 1.0, |x, _| x);
        assert_eq!(inner.len(), second);
        assert_points(&inner, |i| [1.0 - angle(i, second).cos(), 0.5 - angle(i, second).sin()]);

        let data = circles(m, 0.0, 0.5, &mut seed(1)).unwrap();
        let turn = |x: f64, y: f64| (y.atan2(x) + 2.0 * PI + 1e-9) % (2.0 * PI);
        for (class, radius, n) in [(0.0, 1.0, first), (1.0, 0.5, second)] {
            let circle = points(&data, class, turn);
            assert_eq!(circle.len(), n);
            assert_points(&circle, |i| {
                let t = 2.0 * PI * i as f64 / n as f64;
                [radius * t.cos(), radius * t.sin()]
            });
        }
    }
    for (m, classes) in [(5, 5), (30, 1), (32, 3)] {
        let data = spirals(m, classes, 0.0, &mut seed(1)).unwrap();
        for class in 0..classes {
            let n = m / classes + usize::from(class < m % classes);
            let arm = points(&data, class as f64, f64::hypot);
            assert_eq!(arm.len(), n);
            assert_points(&arm, |i| {
                let r = if n > 1 { i as f64 / (n - 1) as f64 } else { 0.0 };
                let t = 2.0 * PI * class as f64 / classes as f64 + 4.0 * r;
                [r * t.sin(), r * t.cos()]
            });
        }
    }
}

#[test]
fn a_spiral_has_its_noise_on_the_angles_in_the_order_of_the_formula() {
    let (n, classes, noise) = (10, 3, 0.2);
    let data = spirals(n * classes, classes, noise, &mut seed(1)).unwrap();
    let mut rng = seed(1);
    for class in 0..classes {
        let start = 2.0 * PI * class as f64 / classes as f64;
        let radius = |i: usize| i as f64 / (n - 1) as f64;
        let angles: Vec<f64> =
            (0..n).map(|i| start + 4.0 * radius(i) + noise * rng.randn()).collect();
        let arm = points(&data, class as f64, f64::hypot);
        assert_points(&arm, |i| [radius(i) * angles[i].sin(), radius(i) * angles[i].cos()]);
    }
}

/// An odd number of examples has one more in class 1. A single point is the start of its curve.
#[test]
fn an_odd_flower() {
    for m in [2, 3, 401] {
        let (x, y) = load_planar_dataset::<f64>(m, &mut seed(1)).unwrap();
        assert_eq!((x.dim(), y.dim()), ((2, m), (1, m)));
        assert!(y.iter().enumerate().all(|(i, y)| (*y == 1.0) == (i >= m / 2)));
        assert!(x.columns().into_iter().all(|point| point[0].hypot(point[1]) < 5.0));
    }
}

#[test]
fn noise_has_its_deviation() {
    let deviation = |x: &Array2<f64>| {
        let squares: f64 = x.iter().map(|x| x * x).sum();
        (squares / x.len() as f64).sqrt()
    };
    let m = 4000;
    let noisy = moons::<f64>(m, 0.3, &mut seed(1)).unwrap();
    let exact = moons::<f64>(m, 0.0, &mut seed(1)).unwrap();
    assert_eq!(noisy.1, exact.1);
    assert!((deviation(&(&noisy.0 - &exact.0)) - 0.3).abs() < 0.01);
    let (x, y) = blobs::<f64>(m, 2, 4, 1.5, &mut seed(2)).unwrap();
    for class in 0..4 {
        let chosen: Vec<_> = (0..m).filter(|&i| y[[0, i]] == class as f64).collect();
        assert_eq!(chosen.len(), m / 4);
        let cloud = x.select(Axis(1), &chosen);
        let center = cloud.mean_axis(Axis(1)).unwrap().insert_axis(Axis(1));
        assert!(center.iter().all(|c| c.abs() < 10.5));
        assert!((deviation(&(&cloud - &center)) - 1.5).abs() < 0.1);
    }
}

/// Every generator, for a test of all of them.
fn all<F: Float>(m: usize, noise: f64, rng: &mut dyn RandomSource) -> [Result<Data<F>>; 4] {
    [
        moons(m, noise, rng),
        circles(m, noise, 0.5, rng),
        spirals(m, 2, noise, rng),
        blobs(m, 2, 2, noise, rng),
    ]
}

#[test]
fn f32_is_f64_rounded_once_from_any_source() {
    let source = || SmallRng::seed_from_u64(7);
    let wide = all::<f64>(50, 0.1, &mut source()).map(Result::unwrap);
    let narrow = all::<f32>(50, 0.1, &mut source()).map(Result::unwrap);
    for ((x, y), (narrow_x, narrow_y)) in wide.iter().zip(&narrow) {
        assert_eq!(x.mapv(|x| x as f32), narrow_x);
        assert_eq!(y.mapv(|y| y as f32), narrow_y);
    }
    let (x, _) = load_planar_dataset::<f64>(50, &mut source()).unwrap();
    let (narrow, _) = load_planar_dataset::<f32>(50, &mut source()).unwrap();
    assert_eq!(x.mapv(|x| x as f32), narrow);
    let again = all::<f64>(50, 0.1, &mut source()).map(Result::unwrap);
    assert_eq!(again, wide);
    let other = all::<f64>(50, 0.1, &mut SmallRng::seed_from_u64(8)).map(Result::unwrap);
    assert!(other.iter().zip(&wide).all(|(other, wide)| other != wide));
}

fn message<F: Float>(result: Result<Data<F>>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn sizes_that_are_no_data_set_are_errors() {
    let rng = &mut seed(1);
    let nothing = "X (2, 0) has no examples: a batch needs at least one column";
    for data in all::<f64>(0, 0.1, rng) {
        assert_eq!(message(data), nothing);
    }
    assert_eq!(message(load_planar_dataset::<f64>(0, rng)), nothing);
    let few = "m is 1, but must be at least the number of classes";
    for data in all::<f32>(1, 0.1, rng) {
        assert_eq!(message(data), few);
    }
    assert_eq!(message(load_planar_dataset::<f32>(1, rng)), few);
    let none = "classes is 0, but must be at least 1";
    assert_eq!(message(spirals::<f64>(4, 0, 0.1, rng)), none);
    assert_eq!(message(blobs::<f64>(4, 2, 0, 0.1, rng)), none);
    let few = "m is 4, but must be at least the number of classes";
    assert_eq!(message(spirals::<f64>(4, 5, 0.1, rng)), few);
    assert_eq!(message(blobs::<f64>(4, 2, usize::MAX, 0.1, rng)), few);
    assert!(message(blobs::<f64>(4, 0, 2, 0.1, rng)).starts_with("X (0, 4) is empty"));
    let exact = "classes is 16777217, but must be small enough for exact class numbers as an f32";
    assert_eq!(message(spirals::<f32>(1 << 25, (1 << 24) + 1, 0.1, rng)), exact);

    let too_large = |data: Result<Data<f64>>| {
        let error = data.unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    };
    for m in [usize::MAX, usize::MAX / 2, usize::MAX / 16] {
        all(m, 0.1, rng).into_iter().for_each(too_large);
        too_large(load_planar_dataset(m, rng));
        too_large(blobs(4, m, 2, 0.1, rng));
    }
    // Refused sizes draw nothing from the generator.
    assert_eq!(rng.rand(), seed(1).rand());
}

#[test]
fn noise_and_factor_are_checked() {
    let rng = &mut seed(1);
    for (noise, shown) in [(-0.1, "-0.1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let expected = format!("noise is {shown}, but must be at least 0 and finite");
        for data in all::<f64>(10, noise, rng) {
            assert_eq!(message(data), expected);
        }
    }
    let expected = "noise is 1e300, but must be at least 0 and finite as an f32";
    for data in all::<f32>(10, 1e300, rng) {
        assert_eq!(message(data), expected);
    }
    let rule = "small enough for finite coordinates";
    let expected = format!("noise is {:e}, but must be {rule}", f64::MAX);
    for data in all::<f64>(1000, f64::MAX, rng) {
        assert_eq!(message(data), expected);
    }
    for factor in [-0.1, 1.0, f64::NAN] {
        let data = circles::<f64>(10, 0.1, factor, rng);
        let expected = format!("factor is {factor}, but must be at least 0 and below 1");
        assert_eq!(message(data), expected);
    }
    circles::<f64>(10, 0.1, 0.0, rng).unwrap();
}
