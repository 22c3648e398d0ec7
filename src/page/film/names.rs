use super::Film;
use super::run::Run;
use crate::checks::check_lengths;
use crate::page::html;
use crate::page::recorder::Unit;
use crate::{Float, Result};

/// The names in the page, as legible text.
pub(super) struct Names {
    /// What the numbers of the frames count.
    pub unit: &'static str,
    pub features: Vec<String>,
    /// The names of the classes, labels or outputs.
    pub outputs: Vec<String>,
}

impl Names {
    /// Takes the names of the film, of the fit, or default names.
    pub fn new<F: Float>(film: &Film, run: &Run<'_, F>) -> Result<Self> {
        let unit = match run.unit {
            Unit::Iterations => "iteration",
            Unit::Epochs => "epoch",
        };
        let (features, outputs) = (run.features(), run.kind.names(run.outputs()));
        let of_fit = run.data.feature_names.as_ref().map(|names| names.to_vec());
        let default = || (1..=features).map(|number| format!("x{number}")).collect();
        let feature_names = film.features.clone().or(of_fit).unwrap_or_else(default);
        check_lengths(("feature names", feature_names.len()), ("the features of X", features))?;
        let default =
            || (0..outputs).map(|number| run.kind.default_name(number, outputs)).collect();
        let output_names = film.classes.clone().unwrap_or_else(default);
        check_lengths(("names of classes", output_names.len()), ("the classes", outputs))?;
        let legible = |names: Vec<String>| names.iter().map(|name| legible(name)).collect();
        Ok(Self { unit, features: legible(feature_names), outputs: legible(output_names) })
    }
}

/// A name in which every character is legible.
pub(super) fn legible(name: &str) -> String {
    name.chars().map(html::legible).collect()
}
