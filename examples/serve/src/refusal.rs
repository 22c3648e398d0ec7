//! Reasons to refuse a request, each with a status and a machine-readable JSON body.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

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
    #[error("this is not {{\"examples\": [[number, ...], ...]}}: {reason}")]
    Form { reason: String },
    #[error("there is no example")]
    Empty,
    #[error("{found} examples are more than {limit}")]
    TooManyExamples { limit: usize, found: usize },
    #[error("example {example} has {found} features, the model takes {expected}")]
    Features { example: usize, expected: usize, found: usize },
    #[error("feature {feature} of example {example} is no finite number of 32 bits")]
    Number { example: usize, feature: usize },
    #[error(
        "the features of example {example} are so large that the network's outputs are not finite"
    )]
    NotFinite { example: usize },
    #[error("the model cannot answer: {reason}")]
    Internal { reason: String },
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Path => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Timeout { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Broken | Self::Syntax { .. } => StatusCode::BAD_REQUEST,
            Self::Form { .. }
            | Self::Empty
            | Self::TooManyExamples { .. }
            | Self::Features { .. }
            | Self::Number { .. }
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
