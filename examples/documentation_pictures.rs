//! Makes the pictures of the documentation and of the README, in `docs/images`.
//!
//! ```text
//! cargo run --release --features plot --example documentation_pictures
//! ```

#[path = "support/handwriting.rs"]
mod handwriting;
#[path = "support/patients.rs"]
mod patients;

use dnn_blocks::course::datasets::{blobs, circles, load_planar_dataset, moons};
use dnn_blocks::course::{Descent, logistic_regression, nn_model};
use dnn_blocks::data::stratified_split;
use dnn_blocks::ndarray::{Array2, s};
use dnn_blocks::plot::{self, Axis, Curve, Picture};
use dnn_blocks::prelude::*;
use dnn_blocks::train::full_batch::FullBatch;
use dnn_blocks::train::workspace::Dropout;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

const IMAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/images");
const DIGITS: &str = include_str!("data/digits.csv");

fn main() -> Result<(), Box<dyn Error>> {
    // The last digits of a training depend on the processor, so no test compares these plots.
    let plots = [
        ("planar_boundary.svg", flower()?),
        ("breast_cancer_cost.svg", costs()?),
        ("digits_mistakes.svg", mistakes()?),
        ("guide_learning_rates.svg", learning_rates()?),
        ("guide_hidden_units_1.svg", hidden_units(1)?),
        ("guide_hidden_units_4.svg", hidden_units(4)?),
        ("guide_hidden_units_20.svg", hidden_units(20)?),
        ("guide_initializers.svg", initializers()?),
        ("guide_plain.svg", regularized("100 examples, plain", 0.0, 1.0)?),
        ("guide_l2.svg", regularized("100 examples, L2", 0.7, 1.0)?),
        ("guide_dropout.svg", regularized("100 examples, dropout", 0.0, 0.7)?),
        ("optimizers.svg", optimizers()?),
        ("schedules.svg", schedules()?),
        ("digits_confusion.svg", confusion()?),
    ];
    for (name, svg) in diagrams()?.iter().chain(&plots) {
        fs::write(Path::new(IMAGES).join(name), svg)?;
        println!("{name}: {} bytes", svg.len());
    }
    Ok(())
}

/// The diagrams of the documentation, with their file names.
fn diagrams() -> dnn_blocks::Result<[(&'static str, String); 3]> {
    Ok([
        ("forward_and_backward.svg", forward_and_backward()),
        ("shapes.svg", shapes()),
        ("activations.svg", activations()?),
    ])
}

#[test]
fn the_diagrams_are_those_of_the_documentation() {
    for (name, svg) in diagrams().unwrap() {
        let committed = fs::read_to_string(Path::new(IMAGES).join(name)).unwrap();
        assert!(committed == svg, "{name} is old: run this example");
    }
}

const BLUE: &str = "#0072b2";
const ORANGE: &str = "#d55e00";
const GREEN: &str = "#009e73";
const GRAY: &str = "#555";

/// A diagram that is being written. Each element is one line, as Markdown needs it.
struct Diagram(String);

impl Diagram {
    fn new((width, height): (u32, u32), title: &str, description: &str) -> Self {
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"sans-serif\" \
             font-size=\"15\" text-anchor=\"middle\" fill=\"#222\" \
             style=\"max-width:100%;height:auto\">\n<title>{title}</title>\n\
             <desc>{description}</desc>\n\
             <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#fff\"/>\n"
        ))
    }

    fn put(&mut self, element: &str) {
        self.0 += element;
        self.0.push('\n');
    }

    /// A text with superscripts: `W^[l]^` raises `[l]`.
    fn text(&mut self, (x, y): (f64, f64), text: &str, attributes: &str) {
        let mut raised = String::new();
        for (number, part) in text.split('^').enumerate() {
            if number % 2 == 1 {
                let _ = write!(raised, "<tspan dy=\"-6\" font-size=\"11\">{part}</tspan>");
            } else if number > 0 && !part.is_empty() {
                let _ = write!(raised, "<tspan dy=\"6\">{part}</tspan>");
            } else {
                raised += part;
            }
        }
        self.put(&format!("<text x=\"{x}\" y=\"{y}\" {attributes}>{raised}</text>"));
    }

    /// A box with a text around its center.
    fn node(&mut self, (x, y): (f64, f64), width: f64, text: &str, color: &str) {
        let (left, top) = (x - width / 2.0, y - 20.0);
        self.put(&format!(
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"40\" rx=\"6\" \
             fill=\"{color}\" fill-opacity=\"0.14\" stroke=\"{color}\"/>"
        ));
        self.text((x, y + 5.0), text, "");
    }

    /// A horizontal or vertical arrow.
    fn arrow(&mut self, from: (f64, f64), to: (f64, f64), color: &str) {
        let (dx, dy) = ((to.0 - from.0).signum(), (to.1 - from.1).signum());
        let along = if from.0 == to.0 { (0.0, dy) } else { (dx, 0.0) };
        let neck = (to.0 - 8.0 * along.0, to.1 - 8.0 * along.1);
        let side = (4.0 * along.1, 4.0 * along.0);
        self.put(&format!(
            "<path stroke=\"{color}\" stroke-width=\"1.5\" d=\"M{} {}L{} {}\"/>",
            from.0, from.1, neck.0, neck.1
        ));
        self.put(&format!(
            "<path fill=\"{color}\" d=\"M{} {}L{} {}L{} {}Z\"/>",
            to.0,
            to.1,
            neck.0 + side.0,
            neck.1 + side.1,
            neck.0 - side.0,
            neck.1 - side.1
        ));
    }

    fn finish(mut self) -> String {
        self.0 += "</svg>\n";
        self.0
    }
}

const FORWARD: f64 = 110.0;
const CACHES: f64 = 200.0;
const BACKWARD: f64 = 290.0;

/// The passes through a network with L layers, and the caches between them.
fn forward_and_backward() -> String {
    let mut diagram = Diagram::new(
        (900, 392),
        "Forward and backward propagation",
        "The forward pass goes from X through LINEAR and RELU of each layer to LINEAR and SIGMOID of \
         layer L, whose output AL gives the cost. Each LINEAR keeps A_prev, W and b in its cache, \
         each activation keeps Z. The backward pass goes from dAL back through the same layers, reads \
         the caches, and gives dW and db of each layer.",
    );
    let d = &mut diagram;
    d.text((20.0, 28.0), "forward", &format!("text-anchor=\"start\" fill=\"{BLUE}\""));
    d.text((20.0, 376.0), "backward", &format!("text-anchor=\"start\" fill=\"{ORANGE}\""));
    d.text((20.0, CACHES + 5.0), "caches", &format!("text-anchor=\"start\" fill=\"{GREEN}\""));
    draw_layer(d, 150.0, "1", "0", "RELU");
    draw_layer(d, 524.0, "L", "L-1", "SIGMOID");
    d.text((420.0, FORWARD + 6.0), "· · ·", "font-size=\"22\"");
    d.text((420.0, BACKWARD + 6.0), "· · ·", "font-size=\"22\"");

    d.text((40.0, FORWARD + 5.0), "X = A^[0]^", "");
    d.arrow((72.0, FORWARD), (104.0, FORWARD), BLUE);
    d.arrow((450.0, FORWARD), (478.0, FORWARD), BLUE);
    d.arrow((478.0, BACKWARD), (450.0, BACKWARD), ORANGE);
    let labeled = |d: &mut Diagram, from: f64, to: f64, y: f64, text: &str, color: &str| {
        d.arrow((from, y), (to, y), color);
        d.text(((from + to) / 2.0 + 8.0, y - 9.0), text, "");
    };
    labeled(d, 332.0, 390.0, FORWARD, "A^[1]^", BLUE);
    labeled(d, 706.0, 770.0, FORWARD, "AL", BLUE);
    labeled(d, 770.0, 706.0, BACKWARD, "dAL", ORANGE);
    labeled(d, 390.0, 332.0, BACKWARD, "dA^[1]^", ORANGE);

    // The cost joins the passes.
    d.put(&format!(
        "<rect x=\"770\" y=\"{}\" width=\"104\" height=\"{}\" rx=\"6\" fill=\"{GRAY}\" \
         fill-opacity=\"0.1\" stroke=\"{GRAY}\"/>",
        FORWARD - 20.0,
        BACKWARD - FORWARD + 40.0
    ));
    d.text((822.0, CACHES - 3.0), "COST", "");
    d.text((822.0, CACHES + 19.0), "J(AL, Y)", "");
    diagram.finish()
}

/// Draws LINEAR and the activation of a layer in both passes, LINEAR around `x`.
fn draw_layer(d: &mut Diagram, x: f64, layer: &str, previous: &str, activation: &str) {
    let (wide, next) = (92.0, x + 134.0);
    d.put(&format!(
        "<rect x=\"{}\" y=\"44\" width=\"266\" height=\"312\" rx=\"10\" fill=\"none\" \
         stroke=\"#bbb\" stroke-dasharray=\"5 4\"/>",
        x - 70.0
    ));
    d.text((x + 67.0, 36.0), &format!("layer {layer}"), "fill=\"#555\"");
    d.text((x, 66.0), &format!("W^[{layer}]^, b^[{layer}]^"), "");
    d.arrow((x, 72.0), (x, FORWARD - 20.0), BLUE);
    d.node((x, FORWARD), wide, "LINEAR", BLUE);
    d.node((next, FORWARD), wide, activation, BLUE);
    d.arrow((x + 46.0, FORWARD), (next - 46.0, FORWARD), BLUE);
    d.text((x + 67.0, FORWARD - 9.0), &format!("Z^[{layer}]^"), "");

    let linear = format!("A^[{previous}]^, W^[{layer}]^, b^[{layer}]^");
    d.node((x, CACHES), 124.0, &linear, GREEN);
    d.node((next, CACHES), 72.0, &format!("Z^[{layer}]^"), GREEN);
    for x in [x, next] {
        d.arrow((x, FORWARD + 20.0), (x, CACHES - 20.0), GREEN);
        d.arrow((x, CACHES + 20.0), (x, BACKWARD - 20.0), GREEN);
    }

    d.node((x, BACKWARD), wide, "LINEAR′", ORANGE);
    d.node((next, BACKWARD), wide, &format!("{activation}′"), ORANGE);
    d.arrow((next - 46.0, BACKWARD), (x + 46.0, BACKWARD), ORANGE);
    d.text((x + 67.0, BACKWARD - 9.0), &format!("dZ^[{layer}]^"), "");
    d.arrow((x, BACKWARD + 20.0), (x, BACKWARD + 46.0), ORANGE);
    d.text((x + 56.0, BACKWARD + 44.0), &format!("dW^[{layer}]^, db^[{layer}]^"), "");
}

/// `Z = W·A_prev + b` with a square for each number: n = 4, n_prev = 6, m = 9.
fn shapes() -> String {
    let mut diagram = Diagram::new(
        (678, 212),
        "Z = W·A_prev + b with its shapes",
        "W (n, n_prev) times A_prev (n_prev, m) plus b (n, 1), which is added to every column, equals \
         Z (n, m). Row i of W and column j of A_prev give the number of Z in row i and column j.",
    );
    let d = &mut diagram;
    let (rows, inner, examples) = (4, 6, 9);
    let mut x = 28.0;
    let mut matrix = |d: &mut Diagram,
                      name: &str,
                      shape: (usize, usize),
                      texts: [&str; 2],
                      marks: [Option<usize>; 2]| {
        let side = 20.0;
        let (height, width) = (shape.0 as f64 * side, shape.1 as f64 * side);
        let top = 110.0 - height / 2.0;
        let [text, before] = texts;
        if !before.is_empty() {
            d.text((x + 20.0, 117.0), before, "font-size=\"24\"");
            x += 40.0;
        }
        for row in 0..shape.0 {
            for column in 0..shape.1 {
                let marked = |mark: Option<usize>, at: usize| mark.is_none_or(|mark| mark == at);
                let is_marked = marked(marks[0], row) && marked(marks[1], column);
                let opacity = if is_marked { 0.55 } else { 0.12 };
                d.put(&format!(
                    "<rect x=\"{}\" y=\"{}\" width=\"{side}\" height=\"{side}\" fill=\"{BLUE}\" \
                     fill-opacity=\"{opacity}\" stroke=\"#fff\" stroke-width=\"1.5\"/>",
                    x + column as f64 * side,
                    top + row as f64 * side
                ));
            }
        }
        d.text((x + width / 2.0, top - 14.0), name, "font-size=\"18\" font-style=\"italic\"");
        d.text((x + width / 2.0, top + height + 24.0), text, "");
        x += width;
    };
    let (i, j) = (Some(1), Some(6));
    matrix(d, "W", (rows, inner), ["(n, n_prev)", ""], [i, None]);
    matrix(d, "A_prev", (inner, examples), ["(n_prev, m)", "·"], [None, j]);
    matrix(d, "b", (rows, 1), ["(n, 1)", "+"], [i, None]);
    matrix(d, "Z", (rows, examples), ["(n, m)", "="], [i, j]);
    diagram.finish()
}

/// Each activation that is applied element by element, with its derivative.
fn activations() -> dnn_blocks::Result<String> {
    let mut diagram = Diagram::new(
        (900, 488),
        "Activation functions and their derivatives",
        "Five plots over z from -4 to 4, each with g(z) and its derivative g'(z): ReLU, leaky ReLU \
         with slope 0.1, sigmoid, tanh and identity.",
    );
    let panels = [
        ("ReLU: max(0, z)", Activation::Relu, (-0.6, 4.2)),
        ("leaky ReLU, slope 0.1", Activation::LeakyRelu(0.1), (-0.6, 4.2)),
        ("identity: z", Activation::Identity, (-4.2, 4.2)),
        ("sigmoid: 1 / (1 + e⁻ᶻ)", Activation::Sigmoid, (-0.1, 1.1)),
        ("tanh z", Activation::Tanh, (-1.1, 1.1)),
    ];
    for (number, (name, activation, range)) in panels.into_iter().enumerate() {
        let corner = (42.0 + 292.0 * (number % 3) as f64, 44.0 + 230.0 * (number / 3) as f64);
        draw_activation(&mut diagram, name, activation, corner, range)?;
    }
    for (text, color, y) in [("g(z)", BLUE, 370.0), ("g′(z)", ORANGE, 402.0)] {
        diagram.put(&format!(
            "<path stroke=\"{color}\" stroke-width=\"2.5\"{} d=\"M690 {y}h40\"/>",
            dashes(color)
        ));
        diagram.text((742.0, y + 6.0), text, "font-size=\"18\" text-anchor=\"start\"");
    }
    Ok(diagram.finish())
}

fn dashes(color: &str) -> &'static str {
    if color == ORANGE { " stroke-dasharray=\"7 4\"" } else { "" }
}

fn draw_activation(
    d: &mut Diagram,
    name: &str,
    activation: Activation,
    (left, top): (f64, f64),
    (low, high): (f64, f64),
) -> dnn_blocks::Result<()> {
    let (width, height) = (244.0, 170.0);
    let place = |z: f64, value: f64| {
        (left + width * (z + 4.0) / 8.0, top + height * (high - value) / (high - low))
    };
    let ((zero_x, zero_y), bottom) = (place(0.0, 0.0), top + height);
    d.text((left + width / 2.0, top - 12.0), name, "");
    d.put(&format!(
        "<path fill=\"none\" stroke=\"#bbb\" d=\"M{left} {top}h{width}v{height}h-{width}z\
         M{left} {zero_y}h{width}M{zero_x} {top}v{height}\"/>"
    ));
    let small = "font-size=\"13\" fill=\"#555\"";
    for z in [-4, -2, 0, 2, 4] {
        let x = place(f64::from(z), 0.0).0;
        d.text((x, bottom + 19.0), &z.to_string(), small);
        d.put(&format!("<path stroke=\"#bbb\" d=\"M{x} {bottom}v5\"/>"));
    }
    let ticks: &[f64] =
        if high > 2.0 { &[-4.0, -2.0, 0.0, 1.0, 2.0, 4.0] } else { &[-1.0, 0.0, 0.5, 1.0] };
    for &value in ticks.iter().filter(|value| (low..=high).contains(value)) {
        let y = place(0.0, value).1;
        d.text((left - 9.0, y + 4.5), &value.to_string(), &format!("{small} text-anchor=\"end\""));
        d.put(&format!("<path stroke=\"#bbb\" d=\"M{left} {y}h-5\"/>"));
    }

    // An even number of points leaves out 0, where the derivative of ReLU jumps.
    let z = Array2::from_shape_fn((1, 100), |(_, i)| (i as f64 - 49.5) / 12.375);
    let value = activation.forward(&z)?;
    let derivative = activation.backward(Array2::ones(z.dim()), &z)?;
    for (values, color) in [(value, BLUE), (derivative, ORANGE)] {
        let mut path = String::new();
        let mut before = f64::NAN;
        for (&z, &value) in z.iter().zip(&values) {
            let (x, y) = place(z, value);
            let command = if (value - before).abs() < 0.5 { 'L' } else { 'M' };
            let _ = write!(path, "{command}{x:.2} {y:.2}");
            before = value;
        }
        d.put(&format!(
            "<path fill=\"none\" stroke=\"{color}\" stroke-width=\"2.5\"{} d=\"{path}\"/>",
            dashes(color)
        ));
    }
    Ok(())
}

/// The flower of week 3, and what four hidden units make of it.
fn flower() -> dnn_blocks::Result<String> {
    let (x, y) = load_planar_dataset(400, &mut NumpyRandom::seed(1))?;
    let descent = Descent::new(1.2, 10_000);
    let trained = nn_model(&x, &y, 4, descent, &mut NumpyRandom::seed(3))?;
    let names = |y: &Array2<f64>| -> Vec<&str> {
        y.iter().map(|y| if *y == 1.0 { "blue" } else { "orange" }).collect()
    };
    let predict = |points: &_| Ok(names(&predict(points, &trained.parameters)?));
    plot::decision_boundary("The flower, four hidden units", &x, Actual(&names(&y)), predict)
}

/// The costs of a classifier of tumors, with a quarter of the patients for validation.
fn costs() -> Result<String, Box<dyn Error>> {
    let (x, diagnoses) = patients::read()?;
    let hyperparameters =
        Hyperparameters::plain().hidden(&[16, 8]).epochs(80).validation_share(0.25).seed(1);
    let mut model = Classifier::<f64, char>::new(hyperparameters);
    let history = model.fit(Examples::rows(&x), &diagnoses)?;
    let curves = [
        Curve::new("training", &history.costs()),
        Curve::new("validation", &history.validation_costs()),
    ];
    Ok(plot::costs("Breast cancer: cost of each epoch", &curves)?)
}

/// Pictures of handwritten digits that a classifier was not trained on.
struct TestDigits {
    x: Array2<f32>,
    digits: Vec<usize>,
    predicted: Vec<usize>,
}

fn test_digits() -> Result<TestDigits, Box<dyn Error>> {
    let (x, digits) = handwriting::read(DIGITS, true)?;
    let (training, test) = stratified_split(&digits, 0.25, &mut NumpyRandom::seed(1))?;
    let (train_x, train_y) = handwriting::select(&x, &digits, &training);
    let (x, digits) = handwriting::select(&x, &digits, &test);
    // The corners of all pictures are white: constant features, and no mistake.
    let hyperparameters =
        Hyperparameters::plain().hidden(&[64]).epochs(60).constant_features(true).seed(1);
    let mut model = Classifier::<f32, usize>::new(hyperparameters);
    model.fit(Examples::rows(&train_x), &train_y)?;
    let predicted = model.predict(Examples::rows(&x))?;
    Ok(TestDigits { x, digits, predicted })
}

/// Handwritten digits that a classifier takes for others.
fn mistakes() -> Result<String, Box<dyn Error>> {
    let TestDigits { x: test_x, digits: test_y, predicted } = test_digits()?;
    let ink = test_x.mapv(|value| 1.0 - value / 16.0);
    let is_wrong = |i: &usize| predicted[*i] != test_y[*i];
    // The mistakes, and correct digits up to two rows.
    let mut shown: Vec<_> = (0..test_y.len()).filter(is_wrong).take(10).collect();
    let correct = (0..test_y.len()).filter(|i| !is_wrong(i));
    shown.extend(correct.take(12 - shown.len()));
    shown.sort_unstable();
    let mut pictures = Vec::new();
    for i in shown {
        let pixels = ink.row(i).into_shape_with_order((8, 8, 1))?;
        let caption = format!("{}, predicted {}", test_y[i], predicted[i]);
        pictures.push(Picture::new(pixels, caption).framed(is_wrong(&i)));
    }
    Ok(plot::pictures("Test digits, mistakes framed", &pictures, 6)?)
}

/// Guide, chapter 1: the costs of one neuron at three learning rates.
fn learning_rates() -> dnn_blocks::Result<String> {
    let (x, y) = blobs::<f64>(200, 2, 2, 3.0, &mut NumpyRandom::seed(8))?;
    let mut curves = Vec::new();
    for rate in [0.001, 0.1, 0.5] {
        let trained = logistic_regression(&x, &y, Descent::new(rate, 100).every(1))?;
        curves.push(Curve::new(format!("learning rate {rate}"), &trained.costs));
    }
    plot::costs("One neuron, three learning rates", &curves)
}

/// Guide, chapter 2: the flower with other numbers of hidden units, and every fourth point.
fn hidden_units(n_h: usize) -> dnn_blocks::Result<String> {
    let (x, y) = load_planar_dataset::<f64>(400, &mut NumpyRandom::seed(1))?;
    let trained = nn_model(&x, &y, n_h, Descent::new(1.2, 5000), &mut NumpyRandom::seed(3))?;
    let (x, y) = (x.slice(s![.., ..;4]), y.slice(s![.., ..;4]).to_owned());
    let unit = if n_h == 1 { "unit" } else { "units" };
    let title = format!("{n_h} hidden {unit}");
    plot::decision_boundary(&title, &x, Actual(&y), |points| predict(points, &trained.parameters))
}

/// Guide, chapter 5: the costs of three starts, every 100th iteration.
fn initializers() -> dnn_blocks::Result<String> {
    let (x, y) = circles::<f64>(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
    let starts = [
        ("0", Initializer::Zeros),
        ("N(0, 1)·10", Initializer::Scaled(10.0)),
        ("He", Initializer::He),
    ];
    let mut curves = Vec::new();
    for (name, initializer) in starts {
        let mut rng = NumpyRandom::seed(3);
        let parameters = initialize_parameters_deep(&[2, 10, 5, 1], initializer, &mut rng)?;
        let mut batch = FullBatch::new(x.view(), y.view(), parameters)?;
        let mut costs = Vec::new();
        for i in 0..15_000 {
            let cost = batch.step(0.01)?;
            if i % 100 == 0 {
                costs.push((i, cost));
            }
        }
        curves.push(Curve::new(name, &costs));
    }
    plot::costs("Circles, three initializations", &curves)
}

/// Guide, chapter 5: the boundary of a network on few and noisy examples.
fn regularized(title: &str, lambda: f64, keep_prob: f64) -> dnn_blocks::Result<String> {
    let mut rng = NumpyRandom::seed(1);
    let (x, y) = moons::<f64>(100, 0.4, &mut rng)?;
    let _new_examples = moons::<f64>(1000, 0.4, &mut rng)?; // the random numbers of the chapter
    let mut parameters = initialize_parameters_deep(&[2, 20, 20, 1], Initializer::He, &mut rng)?;
    let objective = Objective::new(Cost::BinaryCrossEntropy).l2(lambda);
    let mut workspace = Workspace::new(&parameters, 100)?;
    for _ in 0..3000 {
        let (_, gradients) = if keep_prob < 1.0 {
            let dropout = Dropout::new(keep_prob, &mut rng);
            workspace.cost_and_gradients_with_dropout(&x, &y, &parameters, &objective, dropout)?
        } else {
            workspace.cost_and_gradients(&x, &y, &parameters, &objective)?
        };
        update_parameters(&mut parameters, gradients, 0.5)?;
    }
    plot::decision_boundary(title, &x, Actual(&y), |points| predict(points, &parameters))
}

/// How often a classifier takes each digit for each other one.
fn confusion() -> Result<String, Box<dyn Error>> {
    let TestDigits { digits, predicted, .. } = test_digits()?;
    let matrix = ConfusionMatrix::new(Actual(&digits), Predicted(&predicted))?;
    Ok(plot::confusion_matrix("Handwritten digits", &matrix)?)
}

/// The costs of several optimizers on the moons of course 2, week 2.
fn optimizers() -> dnn_blocks::Result<String> {
    let rules = [
        Algorithm::GradientDescent,
        Algorithm::MOMENTUM,
        Algorithm::Nesterov { beta: 0.9 },
        Algorithm::RMS_PROP,
        Algorithm::ADAM,
    ];
    let curve = |rule: Algorithm| Ok(Curve::new(rule.to_string(), &moons_costs(rule)?));
    let curves = rules.into_iter().map(curve).collect::<dnn_blocks::Result<Vec<_>>>()?;
    plot::curves("Moons, learning rate 0.0007", [Axis::new("epoch"), Axis::new("cost")], &curves)
}

/// Returns every tenth of the costs of 1000 epochs, with the batches of the course.
fn moons_costs(rule: Algorithm) -> dnn_blocks::Result<Vec<(usize, f64)>> {
    let (x, y) = moons::<f64>(300, 0.2, &mut NumpyRandom::seed(3))?;
    let mut rng = NumpyRandom::seed(3);
    let mut parameters = initialize_parameters_deep(&[2, 5, 2, 1], Initializer::He, &mut rng)?;
    let mut optimizer = Optimizer::new(rule, &parameters)?;
    let mut batches = Batches::new(&x, &y, 64)?;
    let mut workspace = Workspace::new(&parameters, 64)?;
    let mut costs = Vec::new();
    for epoch in 0..=1000 {
        batches.shuffle(&mut NumpyRandom::seed(11 + epoch));
        let mut sum = 0.0;
        while let Some((x, y)) = batches.next() {
            let cost = Cost::BinaryCrossEntropy;
            let (cost, gradients) = workspace.cost_and_gradients(&x, y, &parameters, cost)?;
            optimizer.step(&mut parameters, gradients, 0.0007)?;
            sum += cost * x.ncols() as f64;
        }
        costs.push((epoch as usize, sum / 300.0));
    }
    Ok(costs.into_iter().step_by(10).collect())
}

/// Learning rates over 100 epochs.
fn schedules() -> dnn_blocks::Result<String> {
    let curves = [
        ("inverse time, r = 0.05", Schedule::InverseTime { decay_rate: 0.05 }),
        ("intervals of 20, r = 1", Schedule::Intervals { decay_rate: 1.0, time_interval: 20 }),
        ("steps of 0.5 every 20", Schedule::Step { factor: 0.5, every: 20 }),
        ("exponential, r = 0.03", Schedule::Exponential { decay_rate: 0.03 }),
        ("cosine", Schedule::CosineToEnd.over(100)),
        ("cosine, warm-up of 10", Schedule::Cosine { warm_up: 10, total: 100, lowest: 0.0 }),
    ]
    .map(|(name, schedule)| {
        let rates: Vec<f64> = (0..=100).map(|epoch| schedule.at(1.0, epoch)).collect();
        Curve::new(name, &rates)
    });
    let axes = [Axis::new("epoch"), Axis::new("share of the first rate")];
    plot::curves("Learning-rate schedules", axes, &curves)
}
