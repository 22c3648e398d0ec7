//! The routes `POST /predict` and `GET /health`.

use crate::model::{About, Model, Number};
use crate::refusal::Refusal;
use crate::request;
use crate::served::Served;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// Limits on requests, on the phases of a connection, and on the number of connections.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// The largest head of a request in bytes, at least 8192. Pipelined requests are read up to it.
    pub head: usize,
    /// The largest body in bytes.
    pub body: usize,
    /// The largest number of examples or rows in a request.
    pub examples: usize,
    /// The time in which a whole head must arrive, and after which an idle connection is closed.
    pub head_time: Duration,
    /// The time in which a whole body must arrive.
    pub body_time: Duration,
    /// The time in which a client must read a whole answer.
    pub answer_time: Duration,
    /// The age from which a connection closes after its next answer.
    pub connection_time: Duration,
    /// The time for requests in flight when the server stops.
    pub grace: Duration,
    /// The largest number of open connections. Further ones wait to be accepted.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 1 << 16,
            body: 1 << 20,
            examples: 1024,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(10),
            answer_time: Duration::from_secs(10),
            connection_time: Duration::from_secs(300),
            grace: Duration::from_secs(15),
            connections: 1024,
        }
    }
}

#[derive(Debug, Serialize)]
struct Health<'m> {
    status: &'static str,
    #[serde(flatten)]
    about: &'m About,
}

type Shared = Arc<(Served, Limits)>;

/// The service of one model.
pub fn router(served: Served, limits: Limits) -> Router {
    Router::new()
        .route("/predict", post(predict))
        .route("/health", get(health))
        .fallback(|| async { Refusal::Path })
        .method_not_allowed_fallback(|| async { Refusal::Method })
        .with_state(Arc::new((served, limits)))
}

async fn health(State(shared): State<Shared>) -> Response {
    Json(Health { status: "ok", about: shared.0.about() }).into_response()
}

async fn predict(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let (served, limits) = &*shared;
    check_content_type(&headers)?;
    let body = read(&headers, body, limits).await?;
    match served {
        Served::Single(model) => respond(model, &body, limits),
        Served::Double(model) => respond(model, &body, limits),
    }
}

fn respond<F: Number>(model: &Model<F>, body: &[u8], limits: &Limits) -> Result<Response, Refusal> {
    Ok(Json(request::answer(model, body, limits.examples)?).into_response())
}

/// Returns whether the content type is `application/json`, with any parameters.
fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.and_then(|given| given.split(';').next()).unwrap_or_default();
    let json = essence.trim().eq_ignore_ascii_case("application/json");
    if json { Ok(()) } else { Err(Refusal::ContentType) }
}

/// Reads the whole body.
///
/// A body is refused if its declared or received length exceeds the limit, or if it is too slow.
async fn read(headers: &HeaderMap, body: Body, limits: &Limits) -> Result<Vec<u8>, Refusal> {
    let too_large = Refusal::BodyTooLarge { limit: limits.body };
    let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if said.and_then(|said| said.parse().ok()).is_some_and(|said: u64| said > limits.body as u64) {
        return Err(too_large);
    }
    let read = axum::body::to_bytes(body, limits.body);
    match tokio::time::timeout(limits.body_time, read).await {
        Ok(Ok(body)) => Ok(body.into()),
        Ok(Err(error)) if is_length_limit(&error) => Err(too_large),
        Ok(Err(_)) => Err(Refusal::Broken),
        Err(_) => Err(Refusal::Timeout { seconds: limits.body_time.as_secs_f64() }),
    }
}

fn is_length_limit(error: &axum::Error) -> bool {
    use std::error::Error;
    error.source().is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}
