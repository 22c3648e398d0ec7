//! Real requests over loopback, each test with its own server and port.

mod support;

use dnn_blocks::model::PackedWeights;
use dnn_blocks::ndarray::{Array2, ArrayView1};
use dnn_blocks::prelude::*;
use dnn_blocks_serve::api::Limits;
use dnn_blocks_serve::client::{Client, Reply, post};
use dnn_blocks_serve::label::Label;
use dnn_blocks_serve::model::{Answer, Model, synthetic};
use dnn_blocks_serve::refusal::Refusal;
use dnn_blocks_serve::served::Served;
use dnn_blocks_serve::server::serve;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};
use support::{HEALTH, Server, refusal};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

fn model() -> Classifier<f32, i64> {
    synthetic(4, &[16, 8], 3).unwrap()
}

fn started(limits: Limits) -> Server {
    Server::start(Model::classifier(&model()).unwrap(), limits)
}

fn table(seed: u32, examples: usize) -> Array2<f32> {
    let mut rng = NumpyRandom::seed(seed);
    Array2::from_shape_simple_fn((examples, 4), || (10.0 + 3.0 * rng.randn()) as f32)
}

fn request(x: &Array2<f32>) -> String {
    let rows: Vec<_> = x.rows().into_iter().map(|row| row.to_vec()).collect();
    post(&json!({ "examples": rows }).to_string())
}

fn assert_answer(reply: &Reply, model: &Classifier<f32, i64>, x: &Array2<f32>) {
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    let answer: Answer<f32> = serde_json::from_slice(&reply.body).unwrap();
    let Answer::Classes { classes, probabilities } = answer else { panic!("{answer:?}") };
    let predicted = model.predict(Examples::rows(x)).unwrap();
    assert_eq!(classes, predicted.into_iter().map(Label::Integer).collect::<Vec<_>>());
    let weights = PackedWeights::new(model.parameters().unwrap()).unwrap();
    let mut predictor = model.predictor(x.nrows()).unwrap().with_weights(&weights).unwrap();
    let expected = predictor.predict_proba(Examples::rows(x)).unwrap();
    let bits = |numbers: Vec<f32>| numbers.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let expected = expected.columns().into_iter().flatten().copied().collect();
    assert_eq!(bits(probabilities.concat()), bits(expected));
}

#[test]
fn many_threads_get_what_the_model_says_to_the_last_bit() {
    let (server, model) = (started(Limits::default()), model());
    std::thread::scope(|scope| {
        for thread in 0..6 {
            let (server, model) = (&server, &model);
            scope.spawn(move || {
                let mut client = server.client();
                for i in 0..20 {
                    let x = table(100 * thread + i, 1 + 7 * (i as usize % 3));
                    assert_answer(&client.call(request(&x)).unwrap(), model, &x);
                }
            });
        }
    });
    server.stop();
}

#[test]
fn health_says_what_the_model_takes() {
    let server = started(Limits::default());
    let reply = server.client().call(HEALTH).unwrap();
    assert_eq!(reply.status, 200);
    let health: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(health, json!({ "status": "ok", "features": 4, "classes": [0, 1, 2] }));
    server.stop();

    let mut named = Classifier::<f32, i64>::new(Hyperparameters::plain().batch_size(4));
    let x = Array2::from_shape_fn((4, 2), |(i, j)| (i * (j + 1)) as f32);
    named.fit(Examples::rows(&x).feature_names(&["length", "width"]), &[0, 0, 1, 1]).unwrap();
    let server = Server::start(Model::classifier(&named).unwrap(), Limits::default());
    let reply = server.client().call(HEALTH).unwrap();
    let health: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(health["feature_names"], json!(["length", "width"]));
    server.stop();
}

#[test]
fn two_classes_and_files_of_both_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let classifier = synthetic(4, &[8], 2).unwrap();
    let (whole, bare) = (folder.path().join("whole"), folder.path().join("bare"));
    classifier.save(&whole).unwrap();
    let parameters = classifier.parameters().unwrap();
    parameters.save(&bare).unwrap();

    let x = table(1, 5);
    let server = Server::start(Served::load(&whole).unwrap(), Limits::default());
    assert_answer(&server.client().call(request(&x)).unwrap(), &classifier, &x);
    server.stop();

    let scaled = classifier.scaler().unwrap().transform(&x.t()).unwrap();
    let rows = scaled.t().as_standard_layout().into_owned();
    let server = Server::start(Served::load(&bare).unwrap(), Limits::default());
    assert_answer(&server.client().call(request(&rows)).unwrap(), &classifier, &x);
    server.stop();

    std::fs::write(&bare, "no model").unwrap();
    assert!(Served::load(&bare).is_err());
    assert!(Served::load(&folder.path().join("missing")).is_err());
}

/// The labels and probabilities of a saved model, also if there is one label only.
#[test]
fn a_multi_label_model_answers_with_the_labels_of_each_example() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let x = table(1, 40);
    let set = |row: ArrayView1<'_, f32>| {
        let has = [(7, row[0] > 10.0), (-2, row[1] > 12.0)];
        has.iter().filter(|(_, has)| *has).map(|(label, _)| *label).collect()
    };
    let sets: Vec<Vec<i64>> = x.rows().into_iter().map(set).collect();
    let one: Vec<Vec<i64>> =
        sets.iter().map(|set| set.iter().copied().filter(|&label| label == 7).collect()).collect();
    let how = Hyperparameters::plain().hidden(&[8]).epochs(30).learning_rate(0.05);
    for (sets, labels) in [(sets, vec![7, -2]), (one, vec![7])] {
        let mut model = MultiLabelClassifier::<f32, i64>::new(how.clone()).with_labels(&labels);
        let named = Examples::rows(&x).feature_names(&["a", "b", "c", "d"]);
        model.fit(named, &sets).unwrap();
        model.save(&path).unwrap();
        let server = Server::start(Served::load(&path).unwrap(), Limits::default());
        let reply = server.client().call(request(&x)).unwrap();
        assert_eq!(reply.status, 200);
        let answer: Answer<f32> = serde_json::from_slice(&reply.body).unwrap();
        let Answer::Labels { labels: has, probabilities } = answer else { panic!("{answer:?}") };
        let predicted = model.predict(Examples::rows(&x)).unwrap();
        assert!(predicted.iter().any(Vec::is_empty) && predicted.contains(&vec![7]));
        let predicted = predicted.into_iter().map(|set| set.into_iter().map(Label::Integer));
        assert_eq!(has, predicted.map(Iterator::collect).collect::<Vec<Vec<_>>>());
        let weights = PackedWeights::new(model.parameters().unwrap()).unwrap();
        let mut predictor = model.predictor(40).unwrap().with_weights(&weights).unwrap();
        let expected = predictor.predict_proba(Examples::rows(&x)).unwrap();
        let rows: Vec<_> = expected.columns().into_iter().map(|p| p.to_vec()).collect();
        assert_eq!(probabilities, rows);
        let keys: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(
            keys.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["labels", "probabilities"]
        );

        let reply = server.client().call(HEALTH).unwrap();
        let health: Value = serde_json::from_slice(&reply.body).unwrap();
        let names = json!(["a", "b", "c", "d"]);
        let expected =
            json!({ "status": "ok", "features": 4, "labels": labels, "feature_names": names });
        assert_eq!(health, expected);
        server.stop();
    }
}

#[test]
fn what_is_wrong_is_named() {
    let server = started(Limits { examples: 3, ..Limits::default() });
    let mut client = server.client();
    let one = "[1, 2, 3, 4]";
    for (body, status, kind) in [
        ("", 400, "syntax"),
        ("{", 400, "syntax"),
        (r#"{"examples": [[1, 2, 3, NaN]]}"#, 400, "syntax"),
        (r#"{"examples": [[1, 2, 3, 1e999]]}"#, 400, "syntax"),
        (r#"{"examples": [[1, 2, 3, null]]}"#, 422, "form"),
        (r#"{"examples": [[1, 2, 3, "4"]]}"#, 422, "form"),
        (r#"{"examples": [1, 2, 3, 4]}"#, 422, "form"),
        (r#"{"examples": null}"#, 422, "form"),
        (r#"{"rows": []}"#, 422, "takes_examples"),
        (r#"{"rows": [[1, 2, 3, 4]]}"#, 422, "form"),
        (r#"{"examples": [[1, 2, 3, 4]], "more": 1}"#, 422, "form"),
        ("[]", 422, "form"),
        ("[[[1, 2, 3, 4]]]", 422, "form"),
        ("[[1, 2, 3, 4]]", 422, "form"),
        (r#"[{"examples": [[1, 2, 3, 4]]}]"#, 422, "form"),
        ("null", 422, "form"),
        ("{}", 422, "form"),
        (r#"{"examples": {"0": [1, 2, 3, 4]}}"#, 422, "form"),
        (r#"{"examples": [[1, 2, 3, true]]}"#, 422, "form"),
        (r#"{"examples": [[1, 2, 3, 4]], "examples": [[1, 2, 3, 4]]}"#, 422, "form"),
        (r#"{"examples": [[1, 2, 3, 4]]} {}"#, 400, "syntax"),
        (r#"{"examples": []}"#, 422, "empty"),
        (r#"{"examples": [[1, 2, 3, 1e39]]}"#, 400, "syntax"),
        (&format!(r#"{{"examples": [[1, 2, 3, {}]]}}"#, "9".repeat(50)), 400, "syntax"),
        (r#"{"examples": [[3e38, -3e38, 3e38, -3e38]]}"#, 422, "not_finite"),
        (&format!(r#"{{"examples": [{one}, {one}, {one}, {one}]}}"#), 422, "too_many_examples"),
        (&"[".repeat(10_000), 422, "form"),
        (&format!(r#"{{"examples": {}"#, "[".repeat(10_000)), 422, "form"),
    ] {
        let (found, name, error) = refusal(&client.call(post(body)).unwrap());
        assert_eq!((found, name.as_str()), (status, kind), "{:.80}: {error}", body);
    }
    let reply = client.call(post(r#"{"examples": [[1, 2, 3, 4], [1, 2, 3]]}"#)).unwrap();
    let (status, kind, error) = refusal(&reply);
    assert_eq!((status, kind.as_str()), (422, "features"));
    let numbers = ["example", "expected", "found"].map(|name| error[name].as_u64().unwrap());
    assert_eq!(numbers, [1, 4, 3]);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("3 features") && message.contains("takes 4"), "{message}");

    // The same connection still works.
    let x = table(3, 2);
    assert_answer(&client.call(request(&x)).unwrap(), &model(), &x);
    server.stop();
}

#[test]
fn numbers_that_are_not_finite() {
    let served = Model::classifier(&model()).unwrap();
    for x in [f32::NAN, f32::INFINITY] {
        let refused = served.answer(&[vec![1.0; 4], vec![1.0, x, 1.0, 1.0]]).unwrap_err();
        assert_eq!(refused, Refusal::Number { example: 1, feature: 1 });
    }
}

#[test]
fn bytes_that_are_no_text() {
    let server = started(Limits::default());
    let mut client = server.client();
    for byte in [0x00, 0x80, 0xff] {
        let mut bytes = post("123456").into_bytes();
        let start = bytes.len() - 6;
        bytes[start..].fill(byte);
        let (status, kind, _) = refusal(&client.call(bytes).unwrap());
        assert_eq!((status, kind.as_str()), (400, "syntax"));
    }
    server.stop();
}

#[test]
fn wrong_path_method_and_content_type() {
    let server = started(Limits::default());
    let mut client = server.client();
    for (head, status, kind) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 404, "path"),
        ("GET /predict HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method"),
        ("DELETE /health HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method"),
        ("POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 415, "content_type"),
        (
            "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n",
            415,
            "content_type",
        ),
    ] {
        let reply = client.call(head).unwrap();
        let (found, name, _) = refusal(&reply);
        assert_eq!((found, name.as_str()), (status, kind), "{head}");
        assert_eq!(status == 405, reply.head.to_lowercase().contains("\r\nallow: "), "{head}");
    }
    let x = table(4, 1);
    let with_charset = request(&x).replace("/json", "/json; charset=utf-8");
    assert_answer(&client.call(with_charset).unwrap(), &model(), &x);
    server.stop();
}

const CHUNKED: &str = "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
                       Transfer-Encoding: chunked\r\n\r\n";

#[test]
fn bodies_over_the_limit() {
    let server = started(Limits { body: 2000, ..Limits::default() });
    let x = table(5, 10);
    assert_answer(&server.client().call(request(&x)).unwrap(), &model(), &x);

    let mut client = server.client();
    let said = "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
                Content-Length: 18446744073709551615\r\n\r\n";
    for request in [
        said.replace("18446744073709551615", "2001"),
        said.replace("18446744073709551615", "9000000000000000000"),
        format!("{CHUNKED}7d1\r\n{}\r\n0\r\n\r\n", " ".repeat(2001)),
    ] {
        client = server.client();
        let (status, kind, error) = refusal(&client.call(&request).unwrap());
        assert_eq!((status, kind.as_str(), &error["limit"]), (413, "body_too_large", &json!(2000)));
    }
    drop(client);
    server.stop();
}

#[test]
fn slow_bodies_and_heads_are_given_up() {
    let short = Duration::from_millis(200);
    let server = started(Limits { body_time: short, ..Limits::default() });
    let (status, kind, _) =
        refusal(&server.client().call(format!("{CHUNKED}1\r\n{{\r\n")).unwrap());
    assert_eq!((status, kind.as_str()), (408, "timeout"));
    server.stop();
    // Half a head gets no answer; the connection ends.
    let server = started(Limits { head_time: short, ..Limits::default() });
    let mut client = server.client();
    match client.call("POST /predict HTT") {
        Err(error) => println!("closed: {error}"),
        Ok(reply) => assert_eq!(reply.status, 408),
    }
    server.stop();
}

#[test]
fn a_head_over_the_limit() {
    let server = started(Limits { head: 8192, ..Limits::default() });
    let start = "GET /health HTTP/1.1\r\nHost: ";
    let reply = server.client().call(format!("{start}{:a<1$}", "", 8192 - start.len())).unwrap();
    assert_eq!(reply.status, 431);
    server.stop();
}

/// Fails unless the server accepts one more client.
fn assert_place(server: &Server) {
    let reply = server.client().call(HEALTH).expect("no place became free");
    assert_eq!(reply.status, 200);
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Returns the statuses of all answers until the connection ends.
fn statuses_until_end(client: &mut Client) -> Vec<u16> {
    let mut statuses = Vec::new();
    loop {
        match client.receive() {
            Ok(reply) => statuses.push(reply.status),
            Err(error) => {
                assert!(!is_timeout(&error), "the connection did not end");
                return statuses;
            }
        }
    }
}

#[test]
fn a_client_without_a_place_waits() {
    let server = started(Limits { connections: 2, ..Limits::default() });
    let mut clients = [server.client(), server.client()];
    for client in &mut clients {
        assert_eq!(client.call(HEALTH).unwrap().status, 200);
    }
    let mut waiting = TcpStream::connect(server.address).unwrap();
    waiting.write_all(HEALTH.as_bytes()).unwrap();
    waiting.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(is_timeout(&waiting.read(&mut [0]).unwrap_err()));
    drop(clients);
    assert_eq!(Client::new(waiting).unwrap().receive().unwrap().status, 200);
    server.stop();
}

#[test]
fn slow_writers_lose_their_place() {
    let short = Duration::from_millis(200);
    let body = "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
                Content-Length: 100000\r\n\r\n";
    let silent: &[u16] = &[];
    for (start, then, expected) in [
        ("", "", silent),
        ("GET /hea", "", silent),
        ("GET /health HTTP/1.1\r\nHost: a", "a", silent),
        (HEALTH, "", &[200]),
        (HEALTH, "\r\n", &[200]),
        (&format!("{HEALTH}GET /health HTTP/1.1\r\nHost: a"), "a", &[200]),
        (body, "", &[408]),
        (body, " ", &[408]),
        (CHUNKED, "1\r\n \r\n", &[408]),
    ] {
        let limits =
            Limits { connections: 1, head_time: short, body_time: short, ..Limits::default() };
        let server = started(limits);
        let stream = TcpStream::connect(server.address).unwrap();
        let mut writer = stream.try_clone().unwrap();
        let mut slow = Client::new(stream).unwrap();
        slow.send(start).unwrap();
        let trickle = spawn(move || {
            while !then.is_empty() && writer.write_all(then.as_bytes()).is_ok() {
                sleep(Duration::from_millis(5));
            }
        });
        assert_eq!(statuses_until_end(&mut slow), expected, "{start:?} then {then:?}");
        assert_place(&server);
        trickle.join().unwrap();
        server.stop();
    }
}

/// Starts a server with small send buffers, for requests of many examples.
fn narrow_server(limits: Limits) -> Server {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(1 << 14).unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        socket.listen(1024).unwrap()
    });
    let limits = Limits { examples: usize::MAX, body: 1 << 24, ..limits };
    Server::listening(runtime, listener, Model::classifier(&model()).unwrap().into(), limits)
}

/// Opens a connection with a small receive buffer.
fn narrow(server: &Server) -> TcpStream {
    let stream = Runtime::new().unwrap().block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(1 << 14).unwrap();
        socket.connect(server.address).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream
}

fn of_examples(count: usize) -> String {
    post(&json!({ "examples": vec![[1, 2, 3, 4]; count] }).to_string())
}

#[test]
fn a_client_that_never_reads_loses_its_place() {
    let answer_time = Duration::from_millis(200);
    let limits = Limits { connections: 1, answer_time, ..Limits::default() };
    let (server, request) = (narrow_server(limits), of_examples(1000));
    let mut deaf = narrow(&server);
    let flood = spawn(move || while deaf.write_all(request.as_bytes()).is_ok() {});
    assert_place(&server);
    flood.join().unwrap();
    server.stop();
}

#[test]
fn a_slow_reader_does_not_get_more_time_by_progress() {
    let answer_time = Duration::from_millis(200);
    let server = narrow_server(Limits { answer_time, ..Limits::default() });
    let mut slow = narrow(&server);
    slow.write_all(of_examples(20_000).as_bytes()).unwrap();
    let (mut answer, mut buffer) = (Vec::new(), [0; 2048]);
    while let Ok(n @ 1..) = slow.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..n]);
        sleep(Duration::from_millis(5));
    }
    let answer = String::from_utf8(answer).unwrap();
    let (_, length) = answer.split_once("content-length: ").unwrap();
    let length: usize = length.lines().next().unwrap().parse().unwrap();
    assert!(answer.len() < length, "all {length} bytes were written");
    server.stop();
}

#[test]
fn every_answer_has_the_whole_time() {
    let answer_time = Duration::from_secs(2);
    let server = narrow_server(Limits { answer_time, ..Limits::default() });
    let request = of_examples(20_000);
    let mut client = Client::new(narrow(&server)).unwrap();
    let first = client.call(&request).unwrap();
    sleep(answer_time);
    let second = client.call(&request).unwrap();
    assert_eq!((first.status, second.status), (200, 200));
    assert!(first.body == second.body);
    server.stop();
}

#[test]
fn an_old_connection_closes_after_an_answer() {
    let age = Duration::from_millis(200);
    let server = started(Limits { connection_time: age, ..Limits::default() });
    let start = Instant::now(); // before the server accepts the connection
    let mut client = server.client();
    let last = loop {
        let reply = client.call(HEALTH).unwrap();
        assert_eq!(reply.status, 200);
        if reply.head.to_lowercase().contains("connection: close") {
            break start.elapsed();
        }
        assert!(start.elapsed() < Duration::from_secs(30), "the connection stays open");
    };
    assert!(last >= age);
    assert_eq!(client.receive().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    server.stop();
}

#[test]
fn a_client_that_sends_no_more_is_answered() {
    let (server, model, x) = (started(Limits::default()), model(), table(14, 2));
    for _ in 0..50 {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(request(&x).as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut client = Client::new(stream).unwrap();
        assert_answer(&client.receive().unwrap(), &model, &x);
        assert_eq!(client.receive().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(&request(&table(14, 50)).as_bytes()[..300]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let (status, kind, _) = refusal(&Client::new(stream).unwrap().receive().unwrap());
    assert_eq!((status, kind.as_str()), (400, "broken"));
    server.stop();
}

#[test]
fn clients_that_go_away_leave_the_server_whole() {
    let server = started(Limits::default());
    for _ in 0..20 {
        let mut client = server.client();
        client.send(&request(&table(6, 50))[..300]).unwrap();
        drop(client);
        let mut client = server.client();
        client.send(request(&table(6, 50))).unwrap();
        drop(client);
    }
    let x = table(7, 2);
    assert_answer(&server.client().call(request(&x)).unwrap(), &model(), &x);
    server.stop();
}

/// Sends the head of a request and waits until the server asks for the body. It is then in flight.
fn in_flight(client: &mut Client, request: &str) -> String {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    client.send(format!("{head}\r\nExpect: 100-continue\r\n\r\n")).unwrap();
    assert_eq!(client.receive().unwrap().status, 100);
    body.to_owned()
}

/// Waits until the port is closed.
fn wait_until_refused(address: SocketAddr) {
    while Client::connect(address).is_ok() {
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_stop_waits_for_what_is_in_flight() {
    let long = Duration::from_secs(3600);
    let server = started(Limits { head_time: long, grace: long, ..Limits::default() });
    let (address, x) = (server.address, table(8, 3));
    let (mut idle, mut after_a_line) = (server.client(), server.client());
    idle.call(HEALTH).unwrap();
    after_a_line.call(format!("{HEALTH}\r\n")).unwrap();
    let mut client = server.client();
    let body = in_flight(&mut client, &request(&x));
    server.stop.send(()).unwrap();
    wait_until_refused(address);
    assert!(!server.thread.is_finished());
    assert_answer(&client.call(body).unwrap(), &model(), &x);
    for mut client in [client, idle, after_a_line] {
        assert!(statuses_until_end(&mut client).is_empty());
    }
    server.thread.join().unwrap();
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let server = started(Limits { grace: Duration::from_millis(100), ..Limits::default() });
    let mut client = server.client();
    let _never_sent = in_flight(&mut client, &request(&table(9, 1)));
    server.stop();
}

/// Sends a request and part of another at once, and waits for the first answer, after which the
/// server has read both. Returns the rest of the second.
fn half_sent<'a>(client: &mut Client, request: &'a str) -> &'a str {
    let (half, rest) = request.split_at(25);
    client.send(format!("{HEALTH}{half}")).unwrap();
    assert_eq!(client.receive().unwrap().status, 200);
    rest
}

fn assert_last_answer(client: &mut Client, rest: &str, x: &Array2<f32>) {
    assert_answer(&client.call(rest).unwrap(), &model(), x);
    assert_eq!(client.receive().unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_stop_waits_for_the_rest_of_a_head() {
    let server = started(Limits::default());
    let (address, x) = (server.address, table(11, 2));
    let request = request(&x);
    let mut client = server.client();
    let rest = half_sent(&mut client, &request);
    server.stop.send(()).unwrap();
    wait_until_refused(address);
    assert_last_answer(&mut client, rest, &x);
    server.thread.join().unwrap();
}

#[test]
fn a_stop_gives_half_a_head_no_more_than_its_time() {
    let head_time = Duration::from_millis(200);
    let grace = Duration::from_secs(3600);
    let server = started(Limits { head_time, grace, ..Limits::default() });
    let request = request(&table(12, 1));
    let mut client = server.client();
    half_sent(&mut client, &request);
    server.stop.send(()).unwrap();
    assert!(statuses_until_end(&mut client).is_empty());
    server.thread.join().unwrap();
}

#[test]
fn no_connection_outlives_the_server() {
    let limits = Limits { grace: Duration::from_millis(100), ..Limits::default() };
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let mut client = Client::connect(listener.local_addr().unwrap()).unwrap();
    let (stop, stopped) = oneshot::channel();
    let served = Model::classifier(&model()).unwrap().into();
    let server = runtime.spawn(serve(listener, served, limits, async { stopped.await.unwrap() }));
    let _never_sent = in_flight(&mut client, &request(&table(13, 1)));
    stop.send(()).unwrap();
    runtime.block_on(server).unwrap();
    assert!(statuses_until_end(&mut client).is_empty());
}

#[cfg(unix)]
#[test]
fn the_program_stops_at_a_signal() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    for signal in ["-TERM", "-INT"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_serve"))
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
        let listening = lines.find(|line| line.starts_with("listening")).unwrap();
        let address: SocketAddr = listening.rsplit('/').next().unwrap().parse().unwrap();
        let (mut client, x) = (Client::connect(address).unwrap(), table(10, 2));
        let body = in_flight(&mut client, &request(&x));
        let (mut kept, request) = (Client::connect(address).unwrap(), request(&x));
        let rest = half_sent(&mut kept, &request);
        let id = program.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        wait_until_refused(address);
        assert_answer(&client.call(body).unwrap(), &model(), &x);
        assert_last_answer(&mut kept, rest, &x);
        assert!(program.wait().unwrap().success());
        assert_eq!(lines.last().unwrap(), "stopped");
    }
}
