//! The texts that stand for a missing value.

use serde::{Deserialize, Serialize};

/// The texts that stand for a missing value, compared without white space at both ends.
///
/// The default is the empty text, `NA`, `N/A`, `n/a`, `#N/A`, `<NA>`, `NaN`, `nan`, `NAN`, `-nan`,
/// `None`, `null`, `NULL` and `?`. A table keeps the texts that it was read with, and so does an
/// encoder that is fitted to it.
///
/// ```
/// use dnn_blocks_table::MissingTexts;
///
/// assert!(MissingTexts::default().contains("NA"));
/// let countries = MissingTexts::new(&["", "-"]); // NA is Namibia
/// assert!(countries.contains("-") && !countries.contains("NA"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MissingTexts(Vec<String>);

impl MissingTexts {
    /// Takes these texts instead of the default ones.
    #[must_use]
    pub fn new(texts: &[&str]) -> Self {
        Self(texts.iter().map(|text| text.trim().to_string()).collect())
    }

    /// Returns whether a text stands for a missing value.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        let text = text.trim();
        self.0.iter().any(|missing| missing == text)
    }

    /// Returns the cell of a text: `None` if it is missing, or the text without white space at both
    /// ends.
    pub(crate) fn cell<'t>(&self, text: &'t str) -> Option<&'t str> {
        (!self.contains(text)).then(|| text.trim())
    }
}

impl Default for MissingTexts {
    fn default() -> Self {
        Self::new(&[
            "", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "-nan", "None", "null",
            "NULL", "?",
        ])
    }
}
