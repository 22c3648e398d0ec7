//! Connections: their number, their time limits, and the shutdown of the server.

use crate::api::{Limits, router};
use crate::served::Served;
use crate::stream::Stream;
use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Serves until `stop`, then answers the requests in flight within the time limit.
///
/// All connections end before this future does.
pub async fn serve(
    listener: TcpListener,
    served: Served,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let service = TowerToHyperService::new(router(served, limits.clone()));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_time).max_buf_size(limits.head);
    // A client may close its sending half and still wait for the answer.
    http.half_close(true);
    let (stopping, stopped) = watch::channel(());
    let mut open = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let tcp = tokio::select! {
            tcp = accept(&listener, &mut open, limits.connections) => tcp,
            () = &mut stop => break,
        };
        // Without `nodelay`, answers wait for the client's acknowledgment. A failure only costs
        // time.
        let _ = tcp.set_nodelay(true);
        let stream = Stream::new(tcp, limits.answer_time);
        let age = limits.connection_time;
        open.spawn(converse(http.clone(), service.clone(), stream, age, stopped.clone()));
    }
    drop(listener);
    stopping.send_replace(());
    let _ = timeout(limits.grace, async { while open.join_next().await.is_some() {} }).await;
}

/// Waits until fewer than `places` connections are open, then accepts a client.
async fn accept(listener: &TcpListener, open: &mut JoinSet<()>, places: usize) -> TcpStream {
    loop {
        while open.try_join_next().is_some() {}
        if open.len() >= places {
            open.join_next().await;
        }
        match listener.accept().await {
            Ok((tcp, _)) => return tcp,
            // Usually there are no file descriptors left; some will be free soon.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Answers the requests of one client. After a stop, it answers at most one more request.
async fn converse(
    mut http: http1::Builder,
    service: TowerToHyperService<Router>,
    stream: Stream,
    age: Duration,
    mut stopped: watch::Receiver<()>,
) {
    let (opened, answers) = (Instant::now(), AtomicUsize::new(0));
    let service = service_fn(|request| async {
        let mut answer = service.call(request).await?;
        answers.fetch_add(1, Ordering::Relaxed);
        if opened.elapsed() >= age {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok::<_, Infallible>(answer)
    });
    // An error is the client's: it left or was too slow.
    let mut connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        biased;
        _ = &mut connection => return,
        _ = stopped.changed() => {}
    }
    let before = answers.load(Ordering::Relaxed);
    Pin::new(&mut connection).graceful_shutdown();
    if (&mut connection).await.is_err() || answers.load(Ordering::Relaxed) != before {
        return;
    }
    // hyper treats a kept-alive connection as idle even if part of the next head has arrived. The
    // client does not know that the connection closes, so this request is answered.
    let parts = connection.into_parts();
    if !parts.read_buf.trim_ascii().is_empty() {
        let stream = TokioIo::new(parts.io.into_inner().rewound(parts.read_buf));
        let _ = http.keep_alive(false).serve_connection(stream, parts.service).await;
    }
}
