//! Reasons to refuse a request, each with a status and a machine-readable JSON body.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::fmt::Display;

/// Sent as
/// `{"error": {"kind": "features", "example": 0, "expected": 4, "found": 3, "message": …}}`.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Refusal {
    #[error("there is nothing at this path: POST /predict or GET /health")]
    Path,
    #[error("this path is not for this method: POST /predict or GET /health")]
    Method,
    #[error("the content type must be application/json")]
    ContentType,
    #[error("the body has more than {limit} bytes")]
    BodyTooLarge { limit: usize },
    #[error("the body did not arrive within {seconds} seconds")]
    Timeout { seconds: f64 },
    #[error("the body broke off")]
    Broken,
    #[error("this cannot be read as JSON: {reason}")]
    Syntax { reason: String },
    #[error("this is not {}: {reason}", form(*.rows))]
    Form {
        /// Whether the model takes rows.
        #[serde(skip)]
        rows: bool,
        reason: String,
    },
    #[error("this model takes {}", form(false))]
    TakesExamples,
    #[error("this model takes {}, with the columns of GET /health", form(true))]
    TakesRows,
    #[error("there is no example and no row")]
    Empty,
    #[error("{found} examples or rows are more than {limit}")]
    TooManyExamples { limit: usize, found: usize },
    #[error("example {example} has {found} features, the model takes {expected}")]
    Features { example: usize, expected: usize, found: usize },
    #[error("feature {feature} of example {example} is not a finite number")]
    Number { example: usize, feature: usize },
    #[error("row {row}: the model has no column {column:?}")]
    UnknownColumn { row: usize, column: String },
    #[error("row {row}: column {column:?} is missing")]
    MissingColumn { row: usize, column: String },
    #[error("row {row}, column {column:?}: {text:?} is not a finite number of 32 bits")]
    Cell { row: usize, column: String, text: String },
    #[error(
        "the features of example {example} are so large that the network's outputs are not finite"
    )]
    NotFinite { example: usize },
    #[error("the model cannot answer: {reason}")]
    Internal { reason: String },
}

/// The form of a request with rows, or with examples.
fn form(rows: bool) -> &'static str {
    if rows {
        r#"{"rows": [{"COLUMN": value, ...}, ...]}"#
    } else {
        r#"{"examples": [[number, ...], ...]}"#
    }
}

/// The most characters of a client's text that a refusal repeats.
const EXCERPT: usize = 60;

/// Cuts a text of a client.
pub fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT).collect()
}

impl Refusal {
    /// The refusal of a request that should have an answer.
    pub fn internal(reason: impl Display) -> Self {
        Self::Internal { reason: reason.to_string() }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Path => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Timeout { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Broken | Self::Syntax { .. } => StatusCode::BAD_REQUEST,
            Self::Form { .. }
            | Self::TakesExamples
            | Self::TakesRows
            | Self::Empty
            | Self::TooManyExamples { .. }
            | Self::Features { .. }
            | Self::Number { .. }
            | Self::UnknownColumn { .. }
            | Self::MissingColumn { .. }
            | Self::Cell { .. }
            | Self::NotFinite { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

#[derive(Serialize)]
struct Envelope {
    error: WithMessage,
}

#[derive(Serialize)]
struct WithMessage {
    #[serde(flatten)]
    refusal: Refusal,
    message: String,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = (self.status(), self.to_string());
        (status, Json(Envelope { error: WithMessage { refusal: self, message } })).into_response()
    }
}
