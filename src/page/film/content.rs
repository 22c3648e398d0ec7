//! The elements of the page. The script adds pictures and charts, and changes the figures.

use super::data::{MOST_POINTS, points_shown};
use super::formulas;
use super::kind::Kind;
use super::names::{Names, legible};
use super::run::{Figures, Run};
use crate::Float;
use crate::model::dataset::{Dataset, Evaluation};
use crate::page::html::escaped;

/// Returns the elements between the heading and the program.
pub(super) fn content<F: Float>(runs: &[Run<'_, F>], names: &Names) -> String {
    let sections: String =
        runs.iter().enumerate().map(|(number, run)| section(number, run, names)).collect();
    format!(
        "{}<div class=\"runs\">\n{sections}</div>\n{}",
        include_str!("controls.html"),
        explanation(&runs[0])
    )
}

/// The section of a run, with the figures of its last frame.
fn section<F: Float>(number: usize, run: &Run<'_, F>, names: &Names) -> String {
    format!(
        "<section class=\"run\" aria-labelledby=\"run-{number}\">\n\
         <h2 id=\"run-{number}\">{name}</h2>\n<p class=\"about\">{about}</p>\n\
         <div class=\"cards\">\n\
         <div class=\"card plane\"><h3>Prediction</h3></div>\n\
         <div class=\"card network\"><h3>Units and weights</h3></div>\n\
         <div class=\"card figures\"><h3>Figures</h3>\n{figures}</div>\n\
         <div class=\"card charts\"><h3>Cost, score and gradients</h3></div>\n\
         </div>\n</section>\n",
        name = escaped(&legible(run.name)),
        about = about(run),
        figures = table(run, names),
    )
}

/// Sentences about the network and its examples.
fn about<F: Float>(run: &Run<'_, F>) -> String {
    let layers = run.network().layers();
    let sizes: Vec<_> = std::iter::once(run.features())
        .chain(layers.iter().map(|layer| layer.w.nrows()))
        .map(|size| size.to_string())
        .collect();
    let activations: Vec<_> = layers.iter().map(|layer| layer.activation.to_string()).collect();
    let sets = &run.data.sets;
    let mut text = format!(
        "Units {}, activations {}. {}",
        sizes.join("–"),
        activations.join(", "),
        examples(&sets.training, "training"),
    );
    if let Some(validation) = &sets.validation {
        text += &examples(validation, "validation");
    }
    if run.data.scaler.is_some() {
        let targets = if run.data.target_scaler.is_some() { " and targets" } else { "" };
        text += &format!("The network sees standardized features{targets}; ");
        text += "the axes have the original units. ";
    }
    if run.features() > 2 {
        text += "In the pictures, the features that are not on an axis are at their mean.";
    }
    text
}

/// A sentence about the number of examples, and of those that are drawn.
fn examples<F: Float>(set: &Dataset<F>, name: &str) -> String {
    let (of, shown) = (set.len(), points_shown(set.x().nrows(), set.len()));
    match shown == of {
        true => format!("{of} {name} examples. "),
        false => format!("{of} {name} examples, of which {shown} are drawn. "),
    }
}

/// The table of figures, with a row for each norm.
fn table<F: Float>(run: &Run<'_, F>, names: &Names) -> String {
    let last = run.figures.len() - 1;
    let Figures { training, validation, norms } = &run.figures[last];
    let row = |name: &str, of: fn(&Evaluation) -> f64| {
        let validation = validation.as_ref().map(|figures| short(of(figures)));
        figures_row(name, &short(of(training)), validation.as_deref())
    };
    let mut rows = row("cost J", |figures| figures.cost);
    rows += &row(run.kind.score_name(), |figures| figures.score.unwrap_or(f64::NAN));
    let has_validation = validation.is_some();
    for (l, norm) in norms.iter().enumerate() {
        let name = format!("gradient, layer {}", l + 1);
        rows += &figures_row(&name, &short(*norm), has_validation.then_some(""));
    }
    let column = if has_validation { "<th scope=\"col\">validation</th>" } else { "" };
    format!(
        "<table aria-live=\"off\">\n<caption>{} {}</caption>\n\
         <thead><tr><td></td><th scope=\"col\">training</th>{column}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n",
        names.unit, run.frames[last].number,
    )
}

fn figures_row(name: &str, training: &str, validation: Option<&str>) -> String {
    let validation = validation.map_or(String::new(), |figure| format!("<td>{figure}</td>"));
    format!("<tr><th scope=\"row\">{name}</th><td>{training}</td>{validation}</tr>\n")
}

/// A figure with four significant digits, as the script writes it.
fn short(figure: f64) -> String {
    let size = figure.abs();
    if !figure.is_finite() {
        "not finite".to_string()
    } else if size == 0.0 {
        "0".to_string()
    } else if (1e-4..1e6).contains(&size) {
        let decimals = (3.0 - size.log10().floor()).max(0.0) as usize;
        format!("{figure:.decimals$}")
    } else {
        format!("{figure:.3e}")
    }
}

/// The section that explains pictures, figures and formulas.
fn explanation<F: Float>(run: &Run<'_, F>) -> String {
    let (pictures, over) = match run.features() {
        1 => (CURVES, "feature: a line is at 0."),
        _ => (pictures(run.kind), "plane: blue below 0, orange above, and white at 0."),
    };
    let (forward, cost, norm) =
        (formulas::forward(), formulas::cost(&run.data.cost), formulas::norm());
    let sum = "The sum runs over the <i>m</i> examples and the outputs.";
    let (cost_name, score) = (&run.data.cost, run.kind.score_name());
    format!(
        "<section class=\"explanation\">\n<h2>How to read this page</h2>\n\
         <p>{pictures} At most {MOST_POINTS} examples of each set are drawn; all figures count all \
         examples.</p>\n\
         <p>The picture of a unit shows its output <i>a</i> over the same {over} A line between units \
         is a weight: its width is its size, orange if it is positive, blue and dashed if it is \
         negative. Layer <i>l</i> computes</p>\n{forward}\n\
         <p>The cost <i>J</i> is the {cost_name} without L2 and dropout. {sum}</p>\n{cost}\n\
         <p>The score is the {score}. The norm of the gradient of layer <i>l</i> says how far \
         gradient descent moves the layer. If it shrinks from the last layer to the first by \
         powers of ten, the gradient vanishes, and the first layers hardly learn.</p>\n{norm}\n\
         </section>\n"
    )
}

/// Sentences about the picture over one feature.
const CURVES: &str = "The curve is the output over the feature; with several classes there is a \
    curve for each. A mark is an example, hollow in the validation set. Its height is its target; \
    with several classes it is 1, where the curve of its class should be. A ring is around an \
    example of a class that the network classifies wrongly.";

/// Sentences about the picture over a plane.
fn pictures(kind: Kind) -> &'static str {
    match kind {
        Kind::TwoClasses | Kind::Classes => {
            "A color is the most probable class; it is stronger where the probability is higher. A \
             mark is an example: its shape is its class, and it is hollow in the validation set. A \
             ring is around an example that the network classifies wrongly."
        }
        Kind::Labels => {
            "A color is the probability of the chosen label: blue below 1/2, orange above. A mark \
             is an example: a triangle with the label, a circle without it, hollow in the \
             validation set. A ring is around an example that the network gets wrong."
        }
        Kind::Numbers => {
            "A color is the output, blue where it is low and orange where it is high. A mark is an \
             example in the color of its target, hollow in the validation set. A line leads along \
             equal outputs."
        }
    }
}
