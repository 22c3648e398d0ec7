//! Serves a model file. Without one, it trains a small model and serves that.
//!
//! ```text
//! cargo run --release -- [--listen 127.0.0.1:8080] [model.safetensors]
//! ```

use dnn_blocks_serve::api::Limits;
use dnn_blocks_serve::model::{Model, synthetic};
use dnn_blocks_serve::served::Served;
use dnn_blocks_serve::server::serve;
use std::error::Error;
use std::path::PathBuf;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (address, file) = arguments()?;
    let served = match file {
        Some(path) => Served::load(&path)?,
        None => {
            println!("no model file given: training a small one");
            Model::classifier(&synthetic(4, &[16, 8], 3)?)?.into()
        }
    };
    let stop = stopped()?;
    let listener = TcpListener::bind(&address).await?;
    println!("{}", serde_json::to_string(served.about())?);
    println!("listening on http://{}", listener.local_addr()?);
    serve(listener, served, Limits::default(), stop).await;
    println!("stopped");
    Ok(())
}

fn arguments() -> Result<(String, Option<PathBuf>), String> {
    let (mut address, mut file) = ("127.0.0.1:8080".to_owned(), None);
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--listen" {
            let given = arguments.next().and_then(|given| given.into_string().ok());
            address = given.ok_or("--listen takes an address")?;
        } else if file.replace(PathBuf::from(argument)).is_some() {
            return Err("usage: serve [--listen ADDRESS] [MODEL.safetensors]".to_owned());
        }
    }
    Ok((address, file))
}

/// Completes at Ctrl-C or SIGTERM. Both are caught from this call on.
#[cfg(unix)]
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
