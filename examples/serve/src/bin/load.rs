//! Measures predictions in process and over HTTP, on the loopback of this machine.
//!
//! ```text
//! cargo run --release --bin load
//! ```
//!
//! `load.py` passes a folder. Then this program writes the models for ONNX Runtime into it and
//! reads one command a line: `direct MODEL COUNT`, `http MODEL CONNECTIONS COUNT` and, for another
//! server, `other MODEL PORT CONNECTIONS COUNT`. It answers each with a line: p50 and p99 in
//! microseconds, and requests per second.

use dnn_blocks::model::PackedWeights;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks_serve::api::Limits;
use dnn_blocks_serve::client::{Client, post};
use dnn_blocks_serve::label::Label;
use dnn_blocks_serve::model::{Answer, Model, synthetic};
use dnn_blocks_serve::server::serve;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::BufRead;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The number of features, of units in each hidden layer, and of classes.
const MODELS: [(usize, &[usize], usize); 2] = [(30, &[64, 32], 3), (784, &[512, 256], 10)];

/// The longest time of a run, for any number of predictions.
const LONGEST: Duration = Duration::from_secs(10);

/// A model, its server and an example.
struct Subject {
    name: String,
    classifier: Classifier<f32, i64>,
    x: Array2<f32>,
    request: String,
    expected: Answer<f32>,
    server: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = std::env::args().nth(1);
    let mut subjects = Vec::new();
    for (features, hidden, classes) in MODELS {
        subjects.push(Subject::new(features, hidden, classes).await?);
    }
    // The server runs on the workers of the runtime, the clients on their own threads.
    let measured = move || match folder {
        Some(folder) => obey(&subjects, Path::new(&folder)),
        None => report(&subjects),
    };
    tokio::task::spawn_blocking(measured).await?
}

impl Subject {
    async fn new(features: usize, hidden: &[usize], classes: usize) -> Result<Self> {
        let classifier = synthetic(features, hidden, classes)?;
        let mut rng = NumpyRandom::seed(2);
        let x = Array2::from_shape_simple_fn((1, features), || (10.0 + rng.randn()) as f32);
        let example = x.row(0).to_vec();
        let request = post(&serde_json::json!({ "examples": [example] }).to_string());
        let served = Model::classifier(&classifier)?;
        let expected = served.answer(&[example])?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let server = listener.local_addr()?;
        tokio::spawn(serve(listener, served.into(), Limits::default(), std::future::pending()));
        let sizes: Vec<_> =
            [features].iter().chain(hidden).chain(&[classes]).map(|n| n.to_string()).collect();
        Ok(Self { name: sizes.join("-"), classifier, x, request, expected, server })
    }

    /// Predicts one example after the other with one predictor.
    fn direct(&self, count: usize) -> Result<Measured> {
        let weights = PackedWeights::new(self.classifier.parameters().ok_or("not fitted")?)?;
        let mut predictor = self.classifier.predictor(1)?.with_weights(&weights)?;
        let start = Instant::now();
        let mut times = Vec::with_capacity(count);
        while times.len() < count && start.elapsed() < LONGEST {
            let before = Instant::now();
            black_box(predictor.predict_proba(black_box(self.x.t()))?);
            times.push(before.elapsed());
        }
        Measured::of(times, start.elapsed())
    }

    /// Sends `count` requests in all over several connections at once, and checks each answer.
    fn http(&self, server: SocketAddr, connections: usize, count: usize) -> Result<Measured> {
        let start = Instant::now();
        let times = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..connections)
                .map(|_| scope.spawn(|| self.client(server, count.div_ceil(connections), start)))
                .collect();
            let times = clients.into_iter().map(|client| client.join().expect("no panic"));
            times.collect::<Result<Vec<_>>>()
        })?;
        Measured::of(times.concat(), start.elapsed())
    }

    fn client(&self, server: SocketAddr, count: usize, start: Instant) -> Result<Vec<Duration>> {
        let mut client = Client::connect(server)?;
        let mut times = Vec::with_capacity(count);
        while times.len() < count && start.elapsed() < LONGEST {
            let before = Instant::now();
            let reply = client.call(&self.request)?;
            times.push(before.elapsed());
            self.compare(&serde_json::from_slice(&reply.body)?)?;
        }
        Ok(times)
    }

    /// Compares with a tolerance, because another program may round differently.
    fn compare(&self, answer: &Answer<f32>) -> Result<()> {
        let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
        let ((class, ours), (predicted, theirs)) = (single(&self.expected)?, single(answer)?);
        let same = ours.len() == theirs.len() && ours.iter().zip(theirs).all(near);
        if same && class == predicted {
            return Ok(());
        }
        Err(format!("{}: another answer, {answer:?}", self.name).into())
    }
}

/// Returns the class and the probabilities of an answer for one example.
fn single(answer: &Answer<f32>) -> Result<(&Label, &[f32])> {
    match answer {
        Answer::Classes { classes, probabilities } => {
            let both = classes.first().zip(probabilities.first());
            Ok(both.map(|(class, row)| (class, row.as_slice())).ok_or("an answer is empty")?)
        }
        other => Err(format!("not the answer of a classifier, {other:?}").into()),
    }
}

struct Measured {
    p50: Duration,
    p99: Duration,
    per_second: f64,
}

impl Measured {
    fn of(mut times: Vec<Duration>, whole: Duration) -> Result<Self> {
        times.sort_unstable();
        let at = |share: f64| times.get((share * times.len() as f64) as usize).copied();
        let (p50, p99) = at(0.5).zip(at(0.99)).ok_or("nothing was measured")?;
        Ok(Self { p50, p99, per_second: times.len() as f64 / whole.as_secs_f64() })
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        write!(f, "{:.1} {:.1} {:.0}", us(self.p50), us(self.p99), self.per_second)
    }
}

fn report(subjects: &[Subject]) -> Result<()> {
    println!("model, how: p50 us, p99 us, requests per second");
    for subject in subjects {
        println!("{}, direct: {}", subject.name, subject.direct(1000)?);
        for connections in [1, 8, 64] {
            let measured = subject.http(subject.server, connections, 1000)?;
            println!("{}, HTTP, connections {connections}: {measured}", subject.name);
        }
    }
    Ok(())
}

fn obey(subjects: &[Subject], folder: &Path) -> Result<()> {
    for subject in subjects {
        let name = &subject.name;
        subject.classifier.save_onnx(folder.join(format!("{name}.onnx")))?;
        let example = serde_json::json!({
            "x": subject.x.row(0).to_vec(),
            "probabilities": [single(&subject.expected)?.1],
        });
        fs::write(folder.join(format!("{name}.json")), example.to_string())?;
    }
    println!("{}", subjects.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(" "));
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split_whitespace();
        let mut next = || words.next().ok_or("an order has too few words");
        let (order, name) = (next()?, next()?);
        let subject = subjects.iter().find(|s| s.name == name).ok_or("no such model")?;
        let measured = match order {
            "direct" => subject.direct(next()?.parse()?)?,
            "http" => subject.http(subject.server, next()?.parse()?, next()?.parse()?)?,
            "other" => {
                let other = (Ipv4Addr::LOCALHOST, next()?.parse()?).into();
                subject.http(other, next()?.parse()?, next()?.parse()?)?
            }
            _ => return Err(format!("no such order: {order}").into()),
        };
        println!("{measured}");
    }
    Ok(())
}
