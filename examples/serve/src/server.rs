//! Connections: their number, their time limits, and the stop of the server.

use crate::api::{Limits, router};
use crate::model::Served;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::pin::Pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Serves until `stop`, then answers what is in flight, for as long as the limits give it.
///
/// No connection outlives this future.
pub async fn serve(
    listener: TcpListener,
    served: Served,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let service = TowerToHyperService::new(router(served, limits.clone()));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_time);
    let (stopping, stopped) = watch::channel(());
    let mut open = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let tcp = tokio::select! {
            tcp = accept(&listener, &mut open, limits.connections) => tcp,
            () = &mut stop => break,
        };
        // Without it answers wait for the client's acknowledgement; a refusal costs only time.
        let _ = tcp.set_nodelay(true);
        open.spawn(converse(http.clone(), service.clone(), tcp, stopped.clone()));
    }
    drop(listener);
    stopping.send_replace(());
    let _ = timeout(limits.grace, async { while open.join_next().await.is_some() {} }).await;
}

/// Waits until fewer than `places` connections are open, then for a client.
async fn accept(listener: &TcpListener, open: &mut JoinSet<()>, places: usize) -> TcpStream {
    loop {
        while open.try_join_next().is_some() {}
        if open.len() >= places {
            open.join_next().await;
        }
        match listener.accept().await {
            Ok((tcp, _)) => return tcp,
            // Out of file descriptors, most often: some are free again in a moment.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Answers the requests of one client, after a stop only the one that is in flight.
async fn converse(
    http: http1::Builder,
    service: TowerToHyperService<Router>,
    tcp: TcpStream,
    mut stopped: watch::Receiver<()>,
) {
    // An error is the client's: it went away, or was too slow.
    let mut connection = http.serve_connection(TokioIo::new(tcp), service);
    tokio::select! {
        biased;
        _ = &mut connection => return,
        _ = stopped.changed() => {}
    }
    Pin::new(&mut connection).graceful_shutdown();
    let _ = connection.await;
}
