//! Plots as SVG: their content, errors, and characters that XML forbids.

use dnn_blocks::Error;
use dnn_blocks::error::Position;
use dnn_blocks::ndarray::{Array2, Array3, array, s};
use dnn_blocks::plot::{self, Axis, Curve, CurveValue, Picture};
use dnn_blocks::prelude::*;
use dnn_blocks::selection::Importance;
use std::collections::BTreeSet;

fn count(svg: &str, what: &str) -> usize {
    svg.matches(what).count()
}

fn axes() -> [Axis; 2] {
    [Axis::new("rate").logarithmic(true), Axis::new("cost")]
}

/// The attributes and the content of each `<text>` element.
fn text_elements(svg: &str) -> impl Iterator<Item = (&str, &str)> {
    svg.split("<text").skip(1).filter_map(|element| {
        let (attributes, rest) = element.split_once('>')?;
        Some((attributes, rest.split_once("</text>")?.0.trim_matches('\n')))
    })
}

/// The contents of all `<text>` elements.
fn texts(svg: &str) -> Vec<&str> {
    text_elements(svg).map(|(_, text)| text).collect()
}

/// The value of an attribute.
fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
    let start = format!(" {name}=\"");
    element.split_once(&start).and_then(|(_, rest)| rest.split('"').next()).unwrap()
}

/// The points of a polygon or line.
fn points(element: &str) -> Vec<(i32, i32)> {
    let pairs = attribute(element, "points").split_whitespace();
    pairs
        .map(|pair| pair.split_once(',').unwrap())
        .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
        .collect()
}

/// Draws the costs of one training.
fn costs<V: CurveValue>(values: &[V]) -> String {
    plot::costs("Costs", &[Curve::new("curve", values)]).unwrap()
}

#[test]
fn curves_show_what_is_finite_and_name_it() {
    let diverged = [(0.01, 0.5), (0.1, 0.25), (1.0, f64::NAN), (10.0, f64::INFINITY)];
    let other = [(0.01, 0.4), (0.0, 0.2)]; // 0 has no logarithm
    let curves = [Curve::new("one", &diverged), Curve::new("two", &other)];
    let svg = plot::curves("Rates", axes(), &curves).unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    for text in ["Rates", "one", "two", "rate", "cost"] {
        assert!(texts(&svg).contains(&text), "{text}");
    }
    assert_eq!(count(&svg, "<circle"), 3, "a mark for each point");
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn nothing_one_point_and_equal_points_are_drawn() {
    for points in [&[][..], &[(1.0, 2.0)], &[(1.0, 0.0), (1.0, 0.0)], &[(f64::NAN, 1.0)]] {
        plot::curves("few", axes(), &[Curve::new("curve", points)]).unwrap();
    }
    plot::curves("none", axes(), &[]).unwrap();
    let many: Vec<f64> = (1..100_000).map(|i| 1.0 / f64::from(i)).collect();
    let svg = costs(&many);
    assert!(svg.len() < 100_000, "{}: no more points than pixels", svg.len());
    for odd in [
        [1e300, -1e300, f64::MAX],
        [1e16, 1e16 + 2.0, 1e16],
        [0.0, 5e-324, 1e-320],
        [1e30, -1e30, 1e-30],
        [1.0 - 1e-10, 1.0 + 1e-10, 1.0],
        [-1.0, -1.0 - 1e-8, -1.0],
    ] {
        for logarithmic in [false, true] {
            let axis = || Axis::new("odd").logarithmic(logarithmic);
            let curve = Curve::new("odd", &odd.map(|y| (y, y)));
            for svg in [costs(&odd), plot::curves("", [axis(), axis()], &[curve]).unwrap()] {
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{odd:?}\n{svg}");
            }
        }
    }
}

#[test]
fn a_curve_takes_the_costs_of_a_history_and_of_the_models_of_the_course() {
    let (f64s, f32s) = ([0.75, 0.5, 0.25], [0.75_f32, 0.5, 0.25]);
    assert_eq!(costs(&f64s), costs(&f32s));
    assert!(texts(&costs(&f64s)).contains(&"epoch"));
    let iterations = [(0_usize, 0.75), (100, 0.5), (200, 0.25)];
    let svg = costs(&iterations);
    assert_eq!(svg, costs(&iterations.map(|(i, cost)| (i as f64, cost))));
    assert!(texts(&svg).contains(&"iteration") && texts(&svg).contains(&"200"));
    let x = array![[0.0, 0.1, 0.9, 1.0, 0.2, 0.8]];
    let hyperparameters = Hyperparameters::default().epochs(5).batch_size(2).validation_share(0.34);
    let mut model = Classifier::<f64, usize>::new(hyperparameters);
    let history = model.fit(Examples::columns(&x), &[0, 0, 1, 1, 0, 1]).unwrap();
    assert_eq!(history.validation_costs().len(), 5);
    assert_eq!(Some(history.validation_costs()[4]), history.epochs[4].validation_cost);
}

#[test]
fn the_cost_axis_is_logarithmic_where_that_shows_more() {
    let ticks = |costs: &[f64]| {
        let svg = self::costs(costs);
        texts(&svg).into_iter().filter(|text| text.parse::<f64>().is_ok()).count()
    };
    let y_of = |svg: &str| texts(svg).iter().filter(|text| **text == "0.001").count();
    assert_eq!(y_of(&costs(&[1.0, 0.1, 0.001])), 1);
    for linear in [[1.0, 0.1, 0.02], [1.0, 0.1, 0.0], [1.0, 0.1, -0.001]] {
        assert_eq!(y_of(&costs(&linear)), 0, "{linear:?}");
    }
    assert_eq!(y_of(&costs(&[1.0, f64::NAN, 0.001])), 1, "what is left out does not count");
    assert!(ticks(&[1.0, 0.5]) > 6);
}

#[test]
fn axes_end_at_ticks() {
    let svg = costs(&[0.0, 0.3, 0.69]);
    let height_of = |tick: &str| -> i32 {
        let is_beside = |(attributes, text): &(&str, &str)| {
            *text == tick && attributes.contains("text-anchor=\"end\"")
        };
        let (attributes, _) = text_elements(&svg).find(is_beside).unwrap();
        attribute(attributes, "y").parse().unwrap()
    };
    let frame = svg.lines().rfind(|line| line.starts_with("<polyline")).unwrap();
    let corners = points(frame);
    assert_eq!(corners.len(), 5, "{frame}");
    assert_eq!(corners.iter().map(|corner| corner.1).min(), Some(height_of("0.7")));
    assert_eq!(corners.iter().map(|corner| corner.1).max(), Some(height_of("0")));
}

#[test]
fn one_curve_has_no_legend_and_a_long_legend_ends_with_a_count() {
    assert!(!texts(&costs(&[1.0, 2.0])).contains(&"curve"));
    let curves: Vec<_> =
        (0..100).map(|i| Curve::new(format!("learning rate {i}"), &[1.0, 2.0])).collect();
    let svg = plot::costs("Many", &curves).unwrap();
    let shown = texts(&svg).iter().filter(|text| text.starts_with("learning rate")).count();
    assert!(shown < 50 && texts(&svg).contains(&&*format!("and {} more", 100 - shown)));
    let names = [Curve::new("x".repeat(1000), &[1.0]), Curve::new("", &[1.0])];
    let svg = plot::costs(&"title ".repeat(100), &names).unwrap();
    assert_eq!(texts(&svg).iter().filter(|text| text.ends_with('…')).count(), 2);
}

#[test]
fn plots_have_a_title_and_a_description() {
    let svg = costs(&[0.5, 0.25]);
    assert!(svg.contains("role=\"img\"") && svg.contains("<title>Costs</title>"));
    let desc = "<desc>cost over epoch. curve: from 0.5 to 0.25 between 0 and 1.</desc>";
    assert!(svg.contains(desc), "{svg}");
    // Markdown ends an HTML block at a blank line.
    assert!(!svg.contains("\n\n"));
}

#[test]
fn coordinates_are_finer_than_pixels() {
    let svg = costs(&[0.5, 0.123, 0.2]);
    assert_eq!((attribute(&svg, "width"), attribute(&svg, "viewBox")), ("720", "0 0 7200 4360"));
    let line = svg.lines().find(|line| line.contains("stroke-width=\"20\"")).unwrap();
    assert!(points(line).iter().any(|(_, y)| y % 10 != 0), "{line}");
}

#[test]
fn a_boundary_has_the_area_of_each_class_and_every_example() {
    let x = array![[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]];
    let half = |grid: &Array2<f64>| {
        assert_eq!(grid.nrows(), 2);
        Ok(grid.row(0).iter().map(|x| usize::from(*x > 0.5)).collect::<Vec<_>>())
    };
    let svg = plot::decision_boundary("Halves", &x, Actual(&[0, 1, 0, 1]), half).unwrap();
    assert_eq!(count(&svg, "<circle"), 2 * (4 + 2), "examples and legend, outlined");
    assert_eq!(count(&svg, "<polygon"), 2, "one for each class");
    let region = svg.lines().find(|line| line.starts_with("<polygon")).unwrap();
    let corners: BTreeSet<_> = points(region).into_iter().collect();
    assert_eq!(corners.len(), 4, "a rectangle: {region}");
    assert!(texts(&svg).contains(&"0") && texts(&svg).contains(&"1"));

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
    let far = array![[1e30, -1e30], [1e-30, 0.0]];
    plot::decision_boundary("", &far, Actual(&[0, 1]), half).unwrap();
}

#[test]
fn a_boundary_lies_where_predictions_change() {
    let x = array![[-1.0, 1.0], [-1.0, 1.0]];
    let inside = |x: f64, y: f64| (x / 0.7).hypot(y / 0.5) < 1.0;
    let predict = |points: &Array2<f64>| {
        Ok(points
            .columns()
            .into_iter()
            .map(|p| usize::from(inside(p[0], p[1])))
            .collect::<Vec<_>>())
    };
    let svg = plot::decision_boundary("Ellipse", &x, Actual(&[0, 0]), predict).unwrap();
    let ellipse = svg.lines().filter(|line| line.starts_with("<polygon")).nth(1).unwrap();
    let pixels = |tenths: i32| f64::from(tenths) / 10.0;
    let corners: Vec<_> =
        points(ellipse).into_iter().map(|(x, y)| (pixels(x), pixels(y))).collect();
    assert!(corners.len() > 40, "no stairs: {} corners", corners.len());
    let middle = |part: fn(&(f64, f64)) -> f64| {
        let all = || corners.iter().map(part);
        let (low, high) = (all().fold(f64::MAX, f64::min), all().fold(f64::MIN, f64::max));
        (0.5 * (low + high), 0.5 * (high - low))
    };
    let ((x, width), (y, height)) = (middle(|p| p.0), middle(|p| p.1));
    assert!((width / height - 1.4).abs() < 0.01);
    for corner in &corners {
        let radius = ((corner.0 - x) / width).hypot((corner.1 - y) / height);
        assert!((radius - 1.0).abs() * width < 0.2, "{corner:?} is a fifth of a pixel away");
    }
}

#[test]
fn a_boundary_stands_predictions_without_sense() {
    let x = array![[0.0, 1.0], [0.0, 1.0]];
    let mut state = 1_u64;
    for classes in [2, 3, 1000] {
        let noise = |points: &Array2<f64>| {
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) as usize % classes
            };
            Ok((0..points.ncols()).map(|_| next()).collect::<Vec<_>>())
        };
        let svg = plot::decision_boundary("Noise", &x, Actual(&[0, 1]), noise).unwrap();
        assert!(!svg.contains("NaN"));
        assert_eq!(count(&svg, "<polygon"), classes);
    }
}

#[test]
fn a_boundary_takes_labels_of_any_type_and_matrices_of_class_numbers() {
    let x = array![[0.0, 1.0], [0.0, 0.0]];
    let names = |grid: &Array2<f64>| {
        Ok(grid.row(0).iter().map(|x| if *x > 0.5 { "right" } else { "left" }).collect::<Vec<_>>())
    };
    let svg = plot::decision_boundary("", &x, Actual(&["left", "right"]), names).unwrap();
    assert!(texts(&svg).contains(&"left") && texts(&svg).contains(&"right"));

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
    assert_eq!(count(&svg, "<text"), 2 + 2 * 40 + 40 * 40);
}

fn feature(feature: usize, name: &str, mean: f64, std_dev: f64) -> Importance {
    let name = (!name.is_empty()).then(|| name.to_string());
    Importance { feature, name, mean, std_dev }
}

/// The (left, right) ends of each bar, from the top.
fn bars(svg: &str) -> Vec<(i32, i32)> {
    let bars = svg.lines().filter(|line| line.starts_with("<rect") && line.contains("opacity"));
    let number = |bar: &str, name| attribute(bar, name).parse::<i32>().unwrap();
    let bars = bars.map(|bar| (number(bar, "x"), number(bar, "x") + number(bar, "width")));
    bars.collect()
}

#[test]
fn importances_are_bars_from_zero_with_the_largest_first() {
    let features = [
        feature(0, "small <&>", 0.25, 0.125),
        feature(1, "", 0.5, 0.0),
        feature(2, "worse", -0.25, 0.0),
        feature(3, "unknown", f64::NAN, 0.1),
    ];
    let svg = plot::importance("Importance", &features).unwrap();
    assert_well_formed(&svg);
    let names: Vec<_> =
        texts(&svg).into_iter().filter(|t| t.contains(char::is_alphabetic)).collect();
    let expected =
        ["feature 1", "small &lt;&amp;&gt;", "worse", "unknown", "decrease of the score"];
    for text in expected {
        assert!(names.contains(&text), "{text}: {names:?}");
    }
    let height = |name: &str| -> i32 {
        let (attributes, _) = text_elements(&svg).find(|text| text.1 == name).unwrap();
        attribute(attributes, "y").parse().unwrap()
    };
    assert!(expected[..4].is_sorted_by_key(|name| height(name)), "the largest is at the top");
    let bars = bars(&svg);
    let zero = bars[0].0;
    assert_eq!((bars.len(), bars[1].0, bars[2].1), (3, zero, zero));
    assert!((bars[0].1 - zero - 2 * (bars[1].1 - zero)).abs() <= 1, "{bars:?}");
    assert!((zero - bars[2].0 - (bars[1].1 - zero)).abs() <= 1, "{bars:?}");
    let lines = svg.lines().filter(|line| line.contains("stroke-width=\"20\""));
    let lines: Vec<_> = lines.map(points).collect();
    let (one, half) = (bars[1].1 - zero, (bars[1].1 - zero) / 2);
    assert_eq!(lines.len(), 1, "a deviation of 0 or of no bar has no line");
    assert!((lines[0][0].0 - (zero + one - half)).abs() <= 1, "{lines:?}");
    assert!((lines[0][1].0 - (zero + one + half)).abs() <= 1, "{lines:?}");
    let described = "feature 1: 0.5. small &lt;&amp;&gt;: 0.25 ± 0.125. worse: -0.25. unknown: not";
    assert!(svg.contains(described), "{svg}");
}

#[test]
fn no_feature_and_hundreds_of_features_with_long_names_are_drawn() {
    assert!(bars(&plot::importance("None", &[]).unwrap()).is_empty());
    let features: Vec<_> =
        (0..500).map(|i| feature(i, &format!("{i} {}", "x".repeat(500)), i as f64, 1.0)).collect();
    let svg = plot::importance("Many", &features).unwrap();
    assert_eq!(bars(&svg).len(), 40);
    assert!(texts(&svg).contains(&"decrease of the score (40 of 500 features)"));
    let names: Vec<_> = texts(&svg).into_iter().filter(|text| text.contains("xx")).collect();
    assert_eq!(names.len(), 40);
    assert!(names.iter().all(|name| name.ends_with('…')), "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("4")), "the largest: {names:?}");
    for odd in [f64::INFINITY, 1e300, 5e-324, -0.0, -1e30] {
        let features = [feature(0, "a", odd, odd), feature(1, "b", 1.0, f64::NAN)];
        let svg = plot::importance("Odd", &features).unwrap();
        assert!(!svg.contains("NaN") && !svg.contains(">inf"), "{odd}: {svg}");
    }
}

#[test]
fn pictures_lie_in_a_grid_with_their_captions() {
    let checks = Array3::from_shape_fn((4, 4, 1), |(i, j, _)| ((i + j) % 2) as f64);
    let shown: Vec<_> =
        (0..7).map(|i| Picture::new(&checks, format!("picture {i}")).framed(i == 3)).collect();
    let svg = plot::pictures("Checks", &shown, 3).unwrap();
    assert_eq!(texts(&svg).len(), 1 + 7);
    let black = svg.lines().filter(|line| line.contains(" fill=\"#000000\"")).count();
    assert_eq!(black, 7 * 8, "black fields");
    assert_eq!(count(&svg, "stroke=\"#D55E00\""), 1, "a frame");

    let red = Array3::from_shape_fn((2, 2, 3), |(_, _, c)| if c == 0 { 2.0 } else { f64::NAN });
    let svg = plot::pictures("Red", &[Picture::new(&red, "")], 3).unwrap();
    assert!(svg.contains("#FF0000"), "bounded, and NaN is dark");
    let two = Array3::<f64>::zeros((2, 2, 2));
    let error = plot::pictures("", &[Picture::new(&two, "")], 3).unwrap_err();
    assert_eq!(error.to_string(), "colors of a picture is 2, but must be 1 or 3");
    assert!(plot::pictures("", &shown, 0).is_err());
    // No more columns than pictures, and room for the largest picture.
    let wide = plot::pictures("Checks", &shown, usize::MAX).unwrap();
    assert_eq!(wide, plot::pictures("Checks", &shown, 7).unwrap());
    let large = Array3::<f64>::ones((200, 200, 1));
    let svg = plot::pictures("", &[Picture::new(&large, "large")], 1).unwrap();
    assert!(svg.contains("x=\"200\" y=\"520\" width=\"2000\""));
    let dot = Array3::<f64>::zeros((1, 1, 1));
    for shape in [(1 << 40, 1, 1), (1 << 16, 1 << 16, 1), (40_000, 1, 1), (0, 40_000, 1)] {
        let endless = Picture::new(dot.broadcast(shape).unwrap(), "");
        let error = plot::pictures("", &[endless], 1).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
    }
    let empty = Array3::<f64>::zeros((0, 0, 1));
    plot::pictures("", &[Picture::new(&empty, "")], 1).unwrap();
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

/// Asserts that this many texts are [`ODD`]. Narrow texts are cut after its first characters.
fn assert_legible(svg: &str, expected: usize) {
    assert_well_formed(svg);
    let (replaced, escaped) = ("\u{FFFD}".repeat(9), "&lt;&amp;&gt;&quot;&apos;");
    let odd = format!("a{replaced}b c  d e {escaped}\u{7F}\u{85}\u{1FFFF}");
    assert_eq!(texts(svg).iter().filter(|text| **text == odd).count(), expected, "{svg}");
    assert_eq!(count(svg, "\u{FFFD}") % 9, 0);
}

#[test]
fn odd_characters_leave_an_svg_that_can_be_read() {
    let points = [(1.0, 2.0), (2.0, 1.0)];
    let axis = |logarithmic| Axis::new(ODD).logarithmic(logarithmic);
    let curves = [Curve::new(ODD, &points), Curve::new("plain", &points)];
    assert_legible(&plot::curves(ODD, [axis(false), axis(true)], &curves).unwrap(), 3);
    assert_legible(&plot::costs(ODD, &[Curve::new(ODD, &[0.5, 0.25])]).unwrap(), 1);
    let x = array![[0.0, 1.0], [0.0, 1.0]];
    let first = |grid: &Array2<f64>| Ok(vec![ODD; grid.ncols()]);
    assert_legible(&plot::decision_boundary(ODD, &x, Actual(&[ODD, "b"]), first).unwrap(), 2);
    let matrix = ConfusionMatrix::new(Actual(&[0, 1]), Predicted(&[0, 1])).unwrap();
    let matrix = matrix.with_names([ODD, "plain"]).unwrap();
    assert_legible(&plot::confusion_matrix(ODD, &matrix).unwrap(), 1);
    let features = [feature(0, ODD, 1.0, 0.5), feature(1, " \n\n ", 1.0, 0.0)];
    let svg = plot::importance(ODD, &features).unwrap();
    assert_legible(&svg, 1);
    assert!(texts(&svg).contains(&"feature 1") && !svg.contains("\n\n"));
    let dot = Array3::<f32>::zeros((1, 200, 1));
    let shown = [Picture::new(&dot, ODD), Picture::new(&dot, "plain")];
    assert_legible(&plot::pictures(ODD, &shown, 2).unwrap(), 1);
    let blank = plot::pictures(" \n\n ", &[Picture::new(&dot, "\n")], 1).unwrap();
    assert_well_formed(&blank);
    assert!(texts(&blank).is_empty());
}
