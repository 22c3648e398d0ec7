//! The page "one step, slowly": every block of a step with its formula and its matrices.

mod blocks;
mod formulas;
mod layout;
mod matrix;
mod sections;

use super::html::Document;
use crate::checks::{check_argument, check_lengths};
use crate::cost::Cost;
use crate::{Float, Parameters, Result};
use blocks::Blocks;
use matrix::Matrices;
use ndarray::ArrayRef2;
use sections::Step;

#[cfg(doc)]
use crate::Error;

/// The most examples of a page.
const EXAMPLES: usize = 12;
/// The most units of a layer, and the most features.
const UNITS: usize = 32;
/// The most layers.
const LAYERS: usize = 20;

/// A page that shows one step of gradient descent, block by block.
///
/// The page has a section for each block of the course, in order: for each layer `linear_forward`
/// and the activation, then the cost and `dAL`, back through the layers `dZ`, `dW`, `db` and
/// `dA_prev`, and last the updated `W` and `b`. A section has the formula, the call, the matrices
/// with their shapes, and what the cache holds. Pointing at a number, or reaching it with the arrow
/// keys, lights the numbers it comes from and shows the sum.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::page::OneStep;
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep(&[2, 3, 1], Initializer::He, &mut rng)?;
/// let (x, y) = (array![[1.0, 2.0, -1.0], [0.5, -1.0, 1.0]], array![[1.0, 1.0, 0.0]]);
///
/// let html = OneStep::new("My first step", 0.5)
///     .features(["height", "weight"])
///     .page(&parameters, &x, &y)?;
/// assert!(html.starts_with("<!DOCTYPE html>"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// The numbers are results of the functions that the page names. Numbers that are not finite are
/// shown as they are.
#[derive(Debug, Clone)]
#[must_use]
pub struct OneStep {
    title: String,
    learning_rate: f64,
    cost: Cost,
    features: Option<Vec<String>>,
    program: Option<String>,
}

impl OneStep {
    /// Creates a page with this title, of a step with this learning rate.
    ///
    /// The cost is the binary cross-entropy of the course.
    pub fn new(title: &str, learning_rate: f64) -> Self {
        let cost = Cost::BinaryCrossEntropy;
        Self { title: title.to_string(), learning_rate, cost, features: None, program: None }
    }

    /// Sets the cost.
    pub fn cost(self, cost: Cost) -> Self {
        Self { cost, ..self }
    }

    /// Sets the names of the features, which the page shows at the rows of `X`.
    pub fn features(self, names: impl IntoIterator<Item: ToString>) -> Self {
        Self { features: Some(names.into_iter().map(|name| name.to_string()).collect()), ..self }
    }

    /// Sets the text of the program that makes the page, which the page shows at its end.
    ///
    /// ```
    /// use dnn_blocks::page::OneStep;
    ///
    /// let step = OneStep::new("A step", 0.5).program("fn main() {}"); // or include_str!("a.rs")
    /// # let _ = step;
    /// ```
    pub fn program(self, program: &str) -> Self {
        Self { program: Some(program.to_string()), ..self }
    }

    /// Computes the step and returns the page as HTML text.
    ///
    /// `X` (n₀, m), `Y` (n_L, m). For [`Cost::CategoricalCrossEntropy`], `Y` may be a row (1, m) of
    /// class numbers. The parameters do not change.
    ///
    /// The output layer may have any activation. If it has the
    /// [`output_activation`](Cost::output_activation) of a cross-entropy or of the Poisson cost,
    /// the page shows `dZ = dAL ∘ g'(Z)` and the shorter formula that training uses, such as
    /// `AL - Y`. The gradients on the page are bit-identical to
    /// [`l_model_backward`](crate::backward::l_model_backward) and
    /// [`backpropagate`](crate::train::backward::backpropagate).
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidArgument`] if there are more than 12 examples, 20 layers, 32 features or
    ///   32 units of a layer: such a page could not be read.
    /// - [`Error::ShapeMismatch`], [`Error::EmptyBatch`] or [`Error::InvalidValue`] if `X` or `Y`
    ///   does not fit the network or the cost.
    /// - [`Error::LengthMismatch`] unless there is one name for each feature.
    /// - [`Error::Hyperparameter`] if the learning rate is not finite, or if a constant of the cost
    ///   or of an activation is not valid.
    pub fn page<F: Float>(
        &self,
        parameters: &Parameters<F>,
        x: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
    ) -> Result<String> {
        check_size(parameters, x)?;
        let blocks = Blocks::compute(parameters, x, y, &self.cost, self.learning_rate)?;
        let features = self.features.as_deref().unwrap_or_default();
        if self.features.is_some() {
            check_lengths(("feature names", features.len()), ("the features of X", x.nrows()))?;
        }
        let matrices = Matrices::new(&blocks, features);
        let step = Step::new(&blocks, &self.cost, self.learning_rate);
        Ok(self.document(&step, &matrices).to_string())
    }

    fn document(&self, step: &Step, matrices: &Matrices) -> Document<'_> {
        let sections = sections::all(step);
        Document {
            title: &self.title,
            content: layout::content(step, &sections, matrices),
            data: layout::data(&sections, matrices),
            style: include_str!("page.css"),
            script: concat!("(() => {\n'use strict';\n", include_str!("page.js"), "})();\n"),
            program: self.program.as_deref(),
        }
    }
}

/// `Ok` if network and batch fit on a readable page.
fn check_size<F: Float>(parameters: &Parameters<F>, x: &ArrayRef2<F>) -> Result<()> {
    let layers = parameters.layers();
    let units = layers.iter().map(|layer| layer.w.nrows()).max().unwrap_or(0);
    for (name, size, most, rule) in [
        ("the number of layers", layers.len(), LAYERS, "at most 20 for a page"),
        ("the number of units of a layer", units, UNITS, "at most 32 for a page"),
        ("the number of features", x.nrows(), UNITS, "at most 32 for a page"),
        ("the number of examples", x.ncols(), EXAMPLES, "at most 12 for a page"),
    ] {
        check_argument(size <= most, name, size as f64, rule)?;
    }
    Ok(())
}
