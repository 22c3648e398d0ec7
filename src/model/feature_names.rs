//! The names of features, as the caller passes them and as a model keeps them.

use crate::checks::check_lengths;
use crate::{Error, Result};
use std::collections::HashSet;
use std::sync::Arc;

/// The names of features, in the order of the features.
///
/// [`Examples::feature_names`](super::Examples::feature_names) takes them. A slice, a reference to
/// a `Vec` or a reference to an array converts to it, with items of type `&str` or `String`.
#[derive(Debug, Clone, Copy)]
pub struct FeatureNames<'a>(List<'a>);

#[derive(Debug, Clone, Copy)]
enum List<'a> {
    Borrowed(&'a [&'a str]),
    Owned(&'a [String]),
}

/// The names that a model keeps, one for each feature, distinct and not empty.
pub(crate) type OwnedNames = Arc<[String]>;

impl<'a> FeatureNames<'a> {
    fn len(self) -> usize {
        match self.0 {
            List::Borrowed(names) => names.len(),
            List::Owned(names) => names.len(),
        }
    }

    pub(crate) fn get(self, feature: usize) -> Option<&'a str> {
        match self.0 {
            List::Borrowed(names) => names.get(feature).copied(),
            List::Owned(names) => names.get(feature).map(String::as_str),
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'a str> {
        (0..self.len()).filter_map(move |feature| self.get(feature))
    }

    /// Copies the names, if each feature has one, and they are distinct and not empty.
    pub(crate) fn owned(self, features: usize) -> Result<OwnedNames> {
        self.check_count(features)?;
        let mut known = HashSet::new();
        for (feature, name) in self.iter().enumerate() {
            let rule = match name {
                "" => "not be empty",
                name if !known.insert(name) => "be distinct",
                _ => continue,
            };
            return Err(Error::InvalidFeatureName { feature, name: name.to_string(), rule });
        }
        Ok(self.iter().map(String::from).collect())
    }

    fn check_count(self, features: usize) -> Result<()> {
        check_lengths(("feature_names", self.len()), ("the features of X", features))
    }

    /// Checks that no name differs from the name that the model has for this feature.
    fn check_same(self, model: Self) -> Result<()> {
        match self.iter().zip(model.iter()).position(|(found, expected)| found != expected) {
            Some(feature) => Err(Error::FeatureName {
                feature,
                found: self.get(feature).unwrap_or_default().to_string(),
                expected: model.get(feature).unwrap_or_default().to_string(),
            }),
            None => Ok(()),
        }
    }
}

/// Checks the names of examples with this number of features against the names of a model, and
/// returns the names for errors.
///
/// Examples without names are accepted, and so are all names if the model has none. A different
/// number of features is left to the check of the shapes.
pub(crate) fn known_names<'a>(
    model: Option<FeatureNames<'a>>,
    found: Option<FeatureNames<'a>>,
    features: usize,
) -> Result<Option<FeatureNames<'a>>> {
    if let (Some(model), Some(found)) = (model, found) {
        found.check_count(features)?;
        found.check_same(model)?;
    }
    Ok(model.or(found))
}

impl<'a> From<&'a [&'a str]> for FeatureNames<'a> {
    fn from(names: &'a [&'a str]) -> Self {
        Self(List::Borrowed(names))
    }
}

impl<'a> From<&'a Vec<&'a str>> for FeatureNames<'a> {
    fn from(names: &'a Vec<&'a str>) -> Self {
        Self(List::Borrowed(names))
    }
}

impl<'a, const N: usize> From<&'a [&'a str; N]> for FeatureNames<'a> {
    fn from(names: &'a [&'a str; N]) -> Self {
        Self(List::Borrowed(names))
    }
}

impl<'a> From<&'a [String]> for FeatureNames<'a> {
    fn from(names: &'a [String]) -> Self {
        Self(List::Owned(names))
    }
}

impl<'a> From<&'a Vec<String>> for FeatureNames<'a> {
    fn from(names: &'a Vec<String>) -> Self {
        Self(List::Owned(names))
    }
}

impl<'a, const N: usize> From<&'a [String; N]> for FeatureNames<'a> {
    fn from(names: &'a [String; N]) -> Self {
        Self(List::Owned(names))
    }
}

impl<'a> From<&'a OwnedNames> for FeatureNames<'a> {
    fn from(names: &'a OwnedNames) -> Self {
        Self(List::Owned(names))
    }
}
