//! A server for a test, and its refusals.

use dnn_blocks::Float;
use dnn_blocks::ndarray::ArrayView2;
use dnn_blocks_serve::api::Limits;
use dnn_blocks_serve::client::{Client, Reply};
use dnn_blocks_serve::served::Served;
use dnn_blocks_serve::server::serve;
use serde::Serialize;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::{JoinHandle, spawn};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

pub const HEALTH: &str = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";

pub struct Server {
    pub address: SocketAddr,
    pub stop: oneshot::Sender<()>,
    pub thread: JoinHandle<()>,
}

impl Server {
    pub fn start(served: impl Into<Served>, limits: Limits) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        Self::listening(runtime, listener, served.into(), limits)
    }

    pub fn listening(
        runtime: Runtime,
        listener: TcpListener,
        served: Served,
        limits: Limits,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let address = listener.local_addr().unwrap();
        let thread = spawn(move || {
            let stopped = async { stopped.await.unwrap() };
            runtime.block_on(serve(listener, served, limits, stopped));
        });
        Self { address, stop, thread }
    }

    pub fn client(&self) -> Client {
        Client::connect(self.address).unwrap()
    }

    pub fn stop(self) {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap();
    }
}

/// Returns status, kind and the whole error.
pub fn refusal(reply: &Reply) -> (u16, String, Value) {
    let mut body: Value = serde_json::from_slice(&reply.body).unwrap();
    let error = body["error"].take();
    assert!(error["message"].is_string(), "{error}");
    assert!(reply.head.to_lowercase().contains("content-type: application/json"), "{}", reply.head);
    (reply.status, error["kind"].as_str().unwrap().to_owned(), error)
}

/// Returns outputs as JSON, with a row for each example. As text, because a JSON value in memory
/// would have the digits of an `f64`.
#[allow(dead_code)] // http.rs compares bits
pub fn rows_of<F: Float + Serialize>(al: ArrayView2<'_, F>) -> Value {
    let rows: Vec<_> = al.columns().into_iter().map(|a| a.to_vec()).collect();
    serde_json::from_str(&serde_json::to_string(&rows).unwrap()).unwrap()
}
