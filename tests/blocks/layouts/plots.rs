//! Points and pictures in plots, and examples in pages.

use super::{kinds, random};
use crate::support::strides::layouts;
use dnn_blocks::metrics::Actual;
use dnn_blocks::ndarray::{Array2, Array3, ArrayRef2, ArrayView3, Axis, s};
use dnn_blocks::page::{Film, OneStep, Recorder};
use dnn_blocks::plot::{self, Picture};
use dnn_blocks::prelude::*;

#[test]
fn decision_boundaries() {
    let classes: Vec<usize> = (0..12).map(|i| i % 3).collect();
    let predict = |grid: &Array2<f64>| {
        Ok(grid.columns().into_iter().map(|p| usize::from(p[0] > p[1])).collect::<Vec<_>>())
    };
    for x in kinds(&random::<f64>(2, 12)) {
        let expected = plot::decision_boundary("", &x, Actual(&classes), predict).unwrap();
        for laid in layouts(&x) {
            let svg = plot::decision_boundary("", &laid.view(), Actual(&classes), predict).unwrap();
            assert!(svg == expected, "{:?}", laid.layout);
        }
    }
}

/// Returns views of `picture` with other strides: permuted axes, negative steps, and parts of a
/// larger array.
fn check(picture: &Array3<f64>) {
    let svg = |picture: ArrayView3<'_, f64>| {
        plot::pictures("", &[Picture::new(picture, "one"), Picture::new(picture, "two")], 2)
            .unwrap()
    };
    let expected = svg(picture.view());
    let (rows, columns, colors) = picture.dim();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut back = [0; 3];
        order.iter().enumerate().for_each(|(at, &axis)| back[axis] = at);
        let turned = picture.view().permuted_axes(order).as_standard_layout().into_owned();
        assert!(svg(turned.view().permuted_axes(back)) == expected, "{order:?}");
        for axis in 0..3 {
            let mut turned = turned.clone();
            turned.invert_axis(Axis(axis));
            let mut turned = turned.as_standard_layout().into_owned();
            turned.invert_axis(Axis(axis));
            assert!(svg(turned.view().permuted_axes(back)) == expected, "{order:?} {axis}");
        }
    }
    let mut larger = Array3::from_elem((2 * rows + 1, 3 * columns, 2 * colors), f64::NAN);
    let part = s![1..;2, ..;3, ..;-2];
    larger.slice_mut(part).assign(picture);
    assert!(svg(larger.slice(part)) == expected);
}

#[test]
fn films() {
    let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1)).unwrap();
    let html = |x: &ArrayRef2<f64>, y: &ArrayRef2<f64>| {
        let recorder = Recorder::with_data("", x, y).unwrap();
        let mut recorder = recorder.validation(x, y).unwrap();
        recorder.record(0, &parameters).unwrap();
        Film::new("").page(&[&recorder]).unwrap()
    };
    for (x, y) in kinds(&random::<f64>(2, 12)).iter().zip(kinds(&random(1, 12))) {
        let expected = html(x, &y);
        for (laid_x, laid_y) in layouts(x).iter().zip(layouts(&y)) {
            assert!(html(&laid_x.view(), &laid_y.view()) == expected, "{:?}", laid_x.layout);
        }
    }
}

#[test]
fn steps() {
    let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1)).unwrap();
    let step = OneStep::new("", 0.5).cost(Cost::MeanSquaredError);
    for (x, y) in kinds(&random::<f64>(2, 7)).iter().zip(kinds(&random(1, 7))) {
        let expected = step.page(&parameters, x, &y).unwrap();
        for (laid_x, laid_y) in layouts(x).iter().zip(layouts(&y)) {
            let html = step.page(&parameters, &laid_x.view(), &laid_y.view()).unwrap();
            assert!(html == expected, "{:?}", laid_x.layout);
        }
    }
}

#[test]
fn pictures() {
    let number = |(i, j, c): (usize, usize, usize)| ((i * 7 + j * 5 + c * 3) % 11) as f64 / 10.0;
    for colors in [1, 3] {
        check(&Array3::from_shape_fn((4, 6, colors), number));
    }
    let grey = Array3::from_elem((1, 1, 1), 0.5);
    let one = grey.broadcast((4, 6, 3)).unwrap();
    let (found, expected) = (
        plot::pictures("", &[Picture::new(one, "")], 1).unwrap(),
        plot::pictures("", &[Picture::new(&one.to_owned(), "")], 1).unwrap(),
    );
    assert!(found == expected);
    check(&one.to_owned());
}
