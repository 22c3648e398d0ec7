//! Plots as SVG: their content, errors, and characters that XML forbids.

use dnn_blocks::Error;
use dnn_blocks::error::Position;
use dnn_blocks::ndarray::{Array2, Array3, array, s};
use dnn_blocks::plot::{self, Axis};
use dnn_blocks::prelude::*;

fn count(svg: &str, what: &str) -> usize {
    svg.matches(what).count()
}

const X: Axis<'_> = Axis { name: "rate", logarithmic: true };

const Y: Axis<'_> = Axis { name: "cost", logarithmic: false };

#[test]
fn curves_show_what_is_finite_and_name_it() {
    let diverged = [(0.01, 0.5), (0.1, 0.25), (1.0, f64::NAN), (10.0, f64::INFINITY)];
    let other = [(0.01, 0.4), (0.0, 0.2)]; // 0 has no logarithm
    let svg = plot::curves("Rates", [X, Y], &[("one", &diverged), ("two", &other)]).unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    for text in ["Rates", "one", "two", "rate", "cost"] {
        assert!(svg.contains(text), "{text}");
    }
    assert_eq!(count(&svg, "<circle"), 3, "a mark for each point");
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn nothing_one_point_and_equal_points_are_drawn() {
    for points in [&[][..], &[(1.0, 2.0)], &[(1.0, 0.0), (1.0, 0.0)], &[(f64::NAN, 1.0)]] {
        plot::curves("few", [X, Y], &[("curve", points)]).unwrap();
    }
    plot::curves("none", [X, Y], &[]).unwrap();
    let costs: Vec<f64> = (1..100_000).map(|i| 1.0 / f64::from(i)).collect();
    let svg = plot::costs("many", &[("costs", &costs)]).unwrap();
    assert!(svg.len() < 100_000, "{}: no more points than pixels", svg.len());
    for odd in [
        [1e300, -1e300, f64::MAX],
        [1e16, 1e16 + 2.0, 1e16],
        [0.0, 5e-324, 1e-320],
        [1e30, -1e30, 1e-30],
    ] {
        plot::costs("odd", &[("costs", &odd)]).unwrap();
        plot::curves("odd", [X, X], &[("odd", &odd.map(|y| (y, y)))]).unwrap();
    }
}

#[test]
fn a_boundary_has_the_area_of_each_class_and_every_example() {
    let x = array![[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]];
    let half = |grid: &Array2<f64>| {
        assert_eq!(grid.nrows(), 2);
        Ok(grid.row(0).iter().map(|x| usize::from(*x > 0.5)).collect::<Vec<_>>())
    };
    let svg = plot::decision_boundary("Halves", &x, Actual(&[0, 1, 0, 1]), half).unwrap();
    assert_eq!(count(&svg, "<circle"), 4 + 2, "examples and legend");
    assert_eq!(count(&svg, "#CCE2EF"), 160, "one run of class 0 in each row");
    assert!(svg.contains("class 0") && svg.contains("class 1"));

    let fails = |_: &Array2<f64>| Err::<Vec<usize>, _>(Error::NotFitted);
    let error = plot::decision_boundary("", &x, Actual(&[0, 1, 0, 1]), fails).unwrap_err();
    assert_eq!(error, Error::NotFitted);
    let few = |_: &Array2<f64>| Ok(vec![0]);
    let error = plot::decision_boundary("", &x, Actual(&[0, 1, 0, 1]), few).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
    let error = plot::decision_boundary("", &x, Actual(&[0, 1]), half).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
    let deep = Array2::<f64>::zeros((3, 4));
    let error = plot::decision_boundary("", &deep, Actual(&[0, 1, 0, 1]), half).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let nan = array![[0.0, f64::NAN], [0.0, 0.0]];
    let error = plot::decision_boundary("", &nan, Actual(&[0, 1]), half).unwrap_err();
    let position = Position::Feature { feature: 0, example: 1 };
    assert!(matches!(error, Error::NotFinite { position: p, .. } if p == position), "{error}");
    let same = array![[2.0, 2.0], [2.0, 2.0]];
    plot::decision_boundary("", &same, Actual(&[0, 9]), half).unwrap();
}

#[test]
fn a_boundary_takes_labels_of_any_type_and_matrices_of_class_numbers() {
    let x = array![[0.0, 1.0], [0.0, 0.0]];
    let names = |grid: &Array2<f64>| {
        Ok(grid.row(0).iter().map(|x| if *x > 0.5 { "right" } else { "left" }).collect::<Vec<_>>())
    };
    let svg = plot::decision_boundary("", &x, Actual(&["left", "right"]), names).unwrap();
    assert!(svg.contains("class left") && svg.contains("class right"));

    let numbers =
        |grid: &Array2<f64>| Ok(grid.slice(s![..1, ..]).mapv(|x| f64::from(u8::from(x > 0.5))));
    let of_matrix = plot::decision_boundary("", &x, Actual(&array![[0.0, 1.0]]), numbers).unwrap();
    let list = |grid: &Array2<f64>| {
        Ok(grid.row(0).iter().map(|x| usize::from(*x > 0.5)).collect::<Vec<_>>())
    };
    assert_eq!(of_matrix, plot::decision_boundary("", &x, Actual(&[0, 1]), list).unwrap());
}

#[test]
fn a_confusion_matrix_has_its_numbers_and_names() {
    let (predicted, actual) = ([0, 1, 1, 2, 2, 2], [0, 0, 1, 2, 2, 2]);
    let matrix = ConfusionMatrix::new(Actual(&actual), Predicted(&predicted)).unwrap();
    let matrix = matrix.with_names(["<ant>", "bee", "cat & dog"]).unwrap();
    let svg = plot::confusion_matrix("Animals", &matrix).unwrap();
    assert_eq!(count(&svg, "<text"), 3 + 2 * 3 + 9);
    assert!(svg.contains("&lt;ant&gt;") && svg.contains("cat &amp; dog"), "escaped");
    let forty: [_; 40] = std::array::from_fn(|class| class);
    let one = ConfusionMatrix::with_classes(Actual(&[0]), Predicted(&[39]), &forty).unwrap();
    let svg = plot::confusion_matrix("", &one).unwrap();
    assert_eq!(count(&svg, "<text"), 3 + 2 * 40 + 40 * 40);
}

#[test]
fn pictures_lie_in_a_grid_with_their_captions() {
    let checks = Array3::from_shape_fn((4, 4, 1), |(i, j, _)| ((i + j) % 2) as f64);
    let shown: Vec<_> = (0..7).map(|i| (checks.view(), format!("picture {i}"))).collect();
    let svg = plot::pictures("Checks", &shown, 3).unwrap();
    assert_eq!(count(&svg, "picture "), 7);
    assert_eq!(count(&svg, "#000000") - count(&svg, "<text"), 7 * 8, "black fields");

    let red = Array3::from_shape_fn((2, 2, 3), |(_, _, c)| if c == 0 { 2.0 } else { f64::NAN });
    let svg = plot::pictures("Red", &[(red.view(), String::new())], 3).unwrap();
    assert!(svg.contains("#FF0000"), "bounded, and NaN is dark");
    let two = Array3::<f64>::zeros((2, 2, 2));
    let error = plot::pictures("", &[(two.view(), String::new())], 3).unwrap_err();
    assert_eq!(error.to_string(), "colors of a picture is 2, but must be 1 or 3");
    assert!(plot::pictures("", &shown, 0).is_err());
    // No more columns than pictures, and room for the largest picture.
    let wide = plot::pictures("Checks", &shown, usize::MAX).unwrap();
    assert_eq!(wide, plot::pictures("Checks", &shown, 7).unwrap());
    let large = Array3::<f64>::ones((200, 200, 1));
    let svg = plot::pictures("", &[(large.view(), "large".into())], 1).unwrap();
    assert!(svg.starts_with("<svg width=\"232\" height=\"294\""), "{}", &svg[..60]);
    let dot = Array3::<f64>::zeros((1, 1, 1));
    let endless = dot.broadcast((1 << 40, 1, 1)).unwrap();
    let error = plot::pictures("", &[(endless, String::new())], 1).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    let empty = Array3::<f64>::zeros((0, 0, 1));
    plot::pictures("", &[(empty.view(), String::new())], 1).unwrap();
    plot::pictures::<f32>("", &[], 4).unwrap();
}

/// Nine characters that XML forbids, three kinds of white space, and all escaped characters.
const ODD: &str = "a\0\u{1}\u{8}\u{B}\u{C}\u{E}\u{1F}\u{FFFE}\u{FFFF}b\tc\r\nd\ne \
    <&>\"'\u{7F}\u{85}\u{1FFFF}";

/// Checks a small part of XML 1.0: its characters, balanced tags, known escapes.
fn assert_well_formed(svg: &str) {
    let is_forbidden = |c: char| match c {
        '\t' | '\n' | '\r' => false,
        _ => c < ' ' || ('\u{FFFE}'..='\u{FFFF}').contains(&c),
    };
    assert_eq!(svg.chars().find(|c| is_forbidden(*c)), None);
    let mut open = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("an end of the tag");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().unwrap()),
        }
        assert_eq!(count(tag, "\"") % 2, 0, "{tag}");
        for escape in text.split('&').skip(1).chain(tag.split('&').skip(1)) {
            let known = ["amp;", "lt;", "gt;", "quot;", "apos;"];
            assert!(known.iter().any(|known| escape.starts_with(known)), "{escape}");
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// Asserts that `count` texts are [`ODD`].
fn assert_legible(svg: &str, texts: usize) {
    assert_well_formed(svg);
    let (replaced, escaped) = ("\u{FFFD}".repeat(9), "&lt;&amp;&gt;&quot;&apos;");
    let line = format!(">\na{replaced}b c  d e {escaped}\u{7F}\u{85}\u{1FFFF}\n</text>");
    assert_eq!((count(svg, &line), count(svg, "\u{FFFD}")), (texts, 9 * texts));
}

#[test]
fn odd_characters_leave_an_svg_that_can_be_read() {
    let points = [(1.0, 2.0), (2.0, 1.0)];
    let axis = |logarithmic| Axis { name: ODD, logarithmic };
    let axes = [axis(false), axis(true)];
    let curves = [(ODD, &points[..]), ("plain", &points)];
    assert_legible(&plot::curves(ODD, axes, &curves).unwrap(), 4);
    assert_legible(&plot::costs(ODD, &[(ODD, &[0.5, 0.25])]).unwrap(), 2);
    let x = array![[0.0, 1.0], [0.0, 1.0]];
    let first = |grid: &Array2<f64>| Ok(vec![0; grid.ncols()]);
    assert_legible(&plot::decision_boundary(ODD, &x, Actual(&[0, 1]), first).unwrap(), 1);
    let matrix = ConfusionMatrix::new(Actual(&[0, 1]), Predicted(&[0, 1])).unwrap();
    let matrix = matrix.with_names([ODD, "plain"]).unwrap();
    assert_legible(&plot::confusion_matrix(ODD, &matrix).unwrap(), 3);
    let dot = Array3::<f32>::zeros((1, 1, 1));
    let shown = [(dot.view(), ODD.to_string()), (dot.view(), "plain".into())];
    assert_legible(&plot::pictures(ODD, &shown, 2).unwrap(), 2);
    let blank = plot::pictures(" \n\n ", &[(dot.view(), "\n".into())], 1).unwrap();
    assert_well_formed(&blank);
}
