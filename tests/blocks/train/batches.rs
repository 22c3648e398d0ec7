//! Mini-batches: the course's cases, and each example once in an epoch.

use crate::support::reference::{assert_close, assert_number, cases, matrix, number};
use dnn_blocks::Error;
use dnn_blocks::ndarray::{Array2, ArrayView2, Axis, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::batches::{BatchColumns, random_mini_batches};
use std::ops::Range;

#[test]
fn batches_of_course_2() {
    let (inputs, expected) = cases("c2w2_random_mini_batches").remove(0);
    let (x, y) = (matrix(&inputs["X"]), matrix(&inputs["Y"]));
    let mut rng = NumpyRandom::seed(number(&inputs["seed"]) as u32);
    let batches = random_mini_batches(&x, &y, 2, &mut rng).unwrap();
    assert_eq!(batches.len(), 2);
    for (i, (x, y)) in batches.iter().enumerate() {
        assert_close("X", x, &matrix(&expected[format!("batch{}_X", i + 1)]), 0.0);
        assert_close("Y", y, &matrix(&expected[format!("batch{}_Y", i + 1)]), 0.0);
    }
}

/// The case of the notebook, whose data come from the seed.
#[test]
fn batches_of_the_notebook() {
    let (inputs, expected) = cases("c2w2_random_mini_batches").remove(1);
    let size = |name: &str| inputs[name].as_u64().unwrap() as usize;
    let (n_x, m) = (size("n_x"), size("m"));
    let mut rng = NumpyRandom::seed(1);
    let x = Array2::from_shape_simple_fn((n_x, m), || rng.randn());
    let y = Array2::from_shape_simple_fn((1, m), || f64::from(u8::from(rng.randn() < 0.5)));
    let rng = &mut NumpyRandom::seed(0);
    let batches = random_mini_batches(&x, &y, size("mini_batch_size"), rng).unwrap();
    let sizes: Vec<_> = batches.iter().map(|(x, _)| x.ncols()).collect();
    let published = expected["sizes"].as_array().unwrap().iter().map(|n| number(n) as usize);
    assert_eq!(sizes, published.collect::<Vec<_>>());
    let first = batches[0].0.slice(s![..1, ..3]).to_owned();
    assert_close("first", &first, &matrix(&expected["first_row_first3"]), 0.0);
}

/// The iterator gives the batches of the function from the same random numbers, in both layouts,
/// for sizes that divide m and sizes that do not.
#[test]
fn the_iterator_gives_the_batches_of_the_function() {
    for (n, m, size) in [(3, 10, 4), (5, 12, 4), (1, 1, 1), (2, 7, 100), (4, 9, 1)] {
        let x = Array2::from_shape_fn((n, m), |(f, i)| (100 * f + i) as f64);
        let y = Array2::from_shape_fn((2, m), |(k, i)| (1000 * k + i) as f64);
        let rows = (x.t().as_standard_layout().to_owned(), y.t().as_standard_layout().to_owned());
        let mut lent = Batches::new(rows.0.t(), rows.1.t(), size).unwrap();
        let mut copied = Batches::new(&x, &y, size).unwrap();
        let mut rngs = [1, 1, 1].map(NumpyRandom::seed);
        for _ in 0..3 {
            let expected = random_mini_batches(&x, &y, size, &mut rngs[0]).unwrap();
            lent.shuffle(&mut rngs[1]);
            copied.shuffle(&mut rngs[2]);
            assert_eq!((lent.len(), lent.is_empty()), (expected.len(), false));
            for (x, y) in &expected {
                assert_eq!(lent.next().unwrap(), (x.view(), y.view()));
                assert_eq!(copied.next().unwrap(), (x.view(), y.view()));
                let columns: Vec<_> = y.row(0).iter().map(|&i| i as usize).collect();
                assert_eq!(lent.last(), columns);
            }
            assert!(lent.next().is_none() && lent.next().is_none() && copied.next().is_none());
        }
    }
}

#[test]
fn every_example_comes_once_an_epoch() {
    let x = Array2::from_shape_fn((1, 103), |(_, i)| i as f64);
    let mut batches = Batches::new(&x, &x, 10).unwrap();
    let mut orders = Vec::new();
    for _ in 0..2 {
        batches.shuffle(&mut NumpyRandom::seed(orders.len() as u32));
        let mut seen = Vec::new();
        while let Some((x, _)) = batches.next() {
            seen.extend(x.iter().map(|&i| i as usize));
        }
        orders.push(seen.clone());
        seen.sort_unstable();
        assert_eq!(seen, (0..103).collect::<Vec<_>>());
    }
    assert_ne!(orders[0], orders[1]);
    batches.rewind();
    assert_eq!(batches.next().unwrap().0.len(), 10);
}

#[test]
fn what_is_no_set_is_refused() {
    let (x, y) = (Array2::<f64>::ones((3, 4)), Array2::ones((1, 4)));
    let message = |x: &Array2<f64>, y: &Array2<f64>, size| {
        let rng = &mut NumpyRandom::seed(0);
        let error = random_mini_batches(x, y, size, rng).unwrap_err();
        assert_eq!(Batches::new(x, y, size).unwrap_err(), error);
        error
    };
    let error = Batches::new(&x, &y, 0).unwrap_err();
    assert_eq!(error.to_string(), "size is 0, but must be at least 1");
    let error = random_mini_batches(&x, &y, 0, &mut NumpyRandom::seed(0)).unwrap_err();
    assert_eq!(error.to_string(), "mini_batch_size is 0, but must be at least 1");
    let five = Array2::ones((1, 5));
    assert!(matches!(message(&x, &five, 2), Error::ShapeMismatch { .. }));
    assert!(matches!(
        message(&Array2::ones((3, 0)), &Array2::ones((1, 0)), 2),
        Error::EmptyBatch { .. }
    ));
    assert!(matches!(message(&Array2::ones((0, 4)), &y, 2), Error::ZeroSize { .. }));
    let one = Array2::<f64>::ones((1, 1));
    let many = one.broadcast((1, 1 << 45)).unwrap();
    assert!(matches!(Batches::new(many, many, 2).unwrap_err(), Error::TooLarge { .. }));
}

/// Each column of a batch is in one of the shards of the set, of which one is empty.
#[test]
fn shards_hold_the_batches_of_the_whole_set() {
    let x = Array2::from_shape_fn((3, 23), |(f, i)| (100 * f + i) as f64);
    let y = Array2::from_shape_fn((1, 23), |(_, i)| i as f64);
    let part = |range: Range<usize>| {
        let columns = s![.., range.clone()];
        Batches::from_shard(x.slice(columns), y.slice(columns), 5, range.start, 23).unwrap()
    };
    let mut shards = [part(0..9), part(9..9), part(9..22), part(22..23)];
    let mut whole = Batches::new(&x, &y, 5).unwrap();
    for seed in 0..3 {
        whole.shuffle(&mut NumpyRandom::seed(seed));
        shards.iter_mut().for_each(|shard| shard.shuffle(&mut NumpyRandom::seed(seed)));
        while let Some(batch) = whole.next_local() {
            assert_eq!(batch.columns, None);
            let mut found = vec![0; batch.x.ncols()];
            for shard in &mut shards {
                let local = shard.next_local().unwrap();
                let BatchColumns { columns, total } = local.columns.unwrap();
                assert_eq!((total, columns.len()), (batch.x.ncols(), local.x.ncols()));
                assert!(columns.is_sorted());
                assert_eq!(local.x, batch.x.select(Axis(1), columns));
                assert_eq!(local.y, batch.y.select(Axis(1), columns));
                columns.iter().for_each(|&column| found[column] += 1);
            }
            assert!(found.iter().all(|&count| count == 1), "{found:?}");
        }
        assert!(shards.iter_mut().all(|shard| shard.next_local().is_none()));
    }
}

#[test]
fn a_shard_outside_of_its_set_is_refused() {
    let (x, y) = (Array2::<f64>::ones((3, 4)), Array2::ones((1, 4)));
    let message = |first, total| {
        Batches::from_shard(&x, &y, 2, first, total).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!([message(0, 4), message(3, 7), message(0, 9)], [Ok(()), Ok(()), Ok(())]);
    let expected = "the end of the shard and the examples differ in length: 8 and 7";
    assert_eq!(message(4, 7), Err(expected.to_string()));
    assert!(message(0, 3).is_err() && message(usize::MAX, 7).is_err());
    let empty = Batches::from_shard(&x, &y, 2, 0, 0).unwrap_err();
    assert!(matches!(empty, Error::EmptyBatch { .. }), "{empty}");
}

/// The gradient of a batch does not depend on the layout of the set.
#[test]
fn batches_of_both_layouts_give_the_same_step() {
    let mut rng = NumpyRandom::seed(5);
    let x = Array2::from_shape_simple_fn((20, 70), || rng.randn());
    let y = Array2::from_shape_fn((1, 70), |(_, i)| (i % 2) as f64);
    let parameters = initialize_parameters_deep(&[20, 9, 1], Initializer::He, &mut rng).unwrap();
    let mut batches = Batches::new(&x, &y, 32).unwrap();
    let (batch_x, batch_y) = batches.next().unwrap();
    let columns = x.select(Axis(1), &(0..32).collect::<Vec<_>>());
    let cost = Cost::BinaryCrossEntropy;
    let gradients = |x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>| {
        let mut workspace = Workspace::new(&parameters, 32).unwrap();
        let (cost, gradients) = workspace.cost_and_gradients(&x, y, &parameters, &cost).unwrap();
        (cost, gradients.clone())
    };
    let (found, expected) =
        (gradients(batch_x, batch_y), gradients(columns.view(), y.slice(s![.., ..32])));
    assert_number("cost", found.0, expected.0, 1e-14);
    for (found, expected) in found.1.layers().iter().zip(expected.1.layers()) {
        assert_close("dW", &found.dw, &expected.dw, 1e-12);
        assert_close("db", &found.db, &expected.db, 1e-12);
    }
}
