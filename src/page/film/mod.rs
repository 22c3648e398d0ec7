mod content;
mod data;
mod formulas;
mod kind;
mod names;
mod run;

use super::html::Document;
use super::recorder::Recorder;
use crate::checks::check_argument;
use crate::{Error, Float, Result};
use names::Names;
use run::Run;

/// A page that shows a training as a film, frame by frame.
///
/// A slider and a play button go through the frames. Each frame shows
///
/// - what the network predicts over the plane of two features, and the examples;
/// - the same picture for each unit, and the weights as lines between the units;
/// - cost and score of training and validation set (accuracy, subset accuracy or R²), and the norm
///   of the gradient of each layer.
///
/// With more than two features the reader chooses the axes; the other features are at their mean.
/// With one feature the pictures are curves. Two recorders are shown side by side, with frames of
/// the same number of iterations or epochs.
///
/// ```
/// use dnn_blocks::course::datasets::circles;
/// use dnn_blocks::page::{Film, Recorder};
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = circles::<f64>(100, 0.1, 0.5, &mut NumpyRandom::seed(1))?;
/// let mut recorders = Vec::new();
/// for (name, initializer) in [("He", Initializer::He), ("zeros", Initializer::Zeros)] {
///     let mut rng = NumpyRandom::seed(2);
///     let mut parameters = initialize_parameters_deep(&[2, 4, 1], initializer, &mut rng)?;
///     let mut recorder = Recorder::with_data(name, &x, &y)?;
///     for i in 0..100 {
///         recorder.record(i, &parameters)?;
///         let (al, caches) = l_model_forward(&x, &parameters)?;
///         let gradients = l_model_backward(&al, &y, &caches)?;
///         update_parameters(&mut parameters, &gradients, 0.5)?;
///     }
///     recorders.push(recorder);
/// }
/// let film = Film::new("He or zeros").classes(["outside", "inside"]);
/// let html = film.page(&[&recorders[0], &recorders[1]])?;
/// assert!(html.starts_with("<!DOCTYPE html>"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Film {
    title: String,
    features: Option<Vec<String>>,
    classes: Option<Vec<String>>,
    program: Option<String>,
}

impl Film {
    /// Creates a film with a title.
    pub fn new(title: &str) -> Self {
        Self { title: title.to_string(), features: None, classes: None, program: None }
    }

    /// Sets the names of the features. The default are the names in a fit, or x1, x2, ….
    pub fn features(self, names: impl IntoIterator<Item: ToString>) -> Self {
        Self { features: Some(texts(names)), ..self }
    }

    /// Sets the names of the classes, of the labels, or of the outputs of a regression.
    pub fn classes(self, names: impl IntoIterator<Item: ToString>) -> Self {
        Self { classes: Some(texts(names)), ..self }
    }

    /// Sets the text of the program that makes the page, which the page shows at its end.
    ///
    /// ```
    /// use dnn_blocks::page::Film;
    ///
    /// let film = Film::new("The flower").program("fn main() {}"); // or include_str!("film.rs")
    /// # let _ = film;
    /// ```
    pub fn program(self, program: &str) -> Self {
        Self { program: Some(program.to_string()), ..self }
    }

    /// Returns the page of one or two recorders as HTML.
    ///
    /// A page has at most 500 examples of each set, evenly spaced. Its figures count all examples.
    /// Where parameters, costs or gradients are not finite, the page says so.
    ///
    /// # Errors
    ///
    /// - The first error of [`Recorder::iteration`] or [`Recorder::epoch`].
    /// - [`Error::InvalidArgument`] unless there are one or two recorders, with at least one frame.
    /// - [`Error::Inconsistent`] if two runs differ in cost, number of features or outputs, or in
    ///   what they count.
    /// - [`Error::LengthMismatch`] unless there is one name for each feature and each class.
    /// - [`Error::OutputActivation`], [`Error::ShapeMismatch`] or [`Error::InvalidValue`] if cost,
    ///   outputs and labels do not fit.
    /// - [`Error::TooLarge`] if the buffers do not fit in memory.
    pub fn page<F: Float>(&self, recorders: &[&Recorder<F>]) -> Result<String> {
        let count = recorders.len();
        let name = "the number of recorders";
        check_argument((1..=2).contains(&count), name, count as f64, "1 or 2")?;
        let runs = recorders.iter().map(|recorder| Run::new(recorder));
        let runs = runs.collect::<Result<Vec<_>>>()?;
        check_comparable(&runs)?;
        let names = Names::new(self, &runs[0])?;
        let document = Document {
            title: &names::legible(&self.title),
            content: content::content(&runs, &names),
            data: data::data(&runs, &names)?,
            style: include_str!("page.css"),
            script: concat!(
                "(() => {\n'use strict';\n",
                include_str!("forward.js"),
                include_str!("picture.js"),
                include_str!("chart.js"),
                include_str!("kind.js"),
                include_str!("run.js"),
                include_str!("plane.js"),
                include_str!("network.js"),
                include_str!("page.js"),
                "})();\n"
            ),
            program: self.program.as_deref(),
        };
        Ok(document.to_string())
    }
}

fn texts(names: impl IntoIterator<Item: ToString>) -> Vec<String> {
    names.into_iter().map(|name| name.to_string()).collect()
}

/// Checks that the runs can be shown side by side.
fn check_comparable<F: Float>(runs: &[Run<'_, F>]) -> Result<()> {
    let [first, second] = runs else { return Ok(()) };
    let what = if first.unit != second.unit {
        "one run of the film counts epochs, the other iterations"
    } else if first.data.cost != second.data.cost {
        "the runs of the film have different costs"
    } else if first.features() != second.features() || first.outputs() != second.outputs() {
        "the runs of the film have different numbers of features or outputs"
    } else {
        return Ok(());
    };
    Err(Error::Inconsistent { what })
}
