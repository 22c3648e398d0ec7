//! Labels of every model: integers, texts or bools.

use serde::{Deserialize, Serialize};

/// A class, or a label of a multi-label model, as it is in the file and in the answer.
///
/// Labels of one type have the order of that type, which a file of a classifier is checked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Label {
    Bool(bool),
    Integer(i64),
    /// An integer that is too large for an `i64`.
    Large(u64),
    Text(String),
}

impl From<i64> for Label {
    fn from(label: i64) -> Self {
        Self::Integer(label)
    }
}

impl From<String> for Label {
    fn from(label: String) -> Self {
        Self::Text(label)
    }
}
