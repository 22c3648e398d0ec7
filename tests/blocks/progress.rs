//! Progress as lines of a log.

use dnn_blocks::ndarray::array;
use dnn_blocks::prelude::*;
use dnn_blocks::progress::Progress;
use std::io::{Error, Result, Write};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

fn lines(epochs: usize, stop_after: usize) -> Vec<String> {
    let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    let how = Hyperparameters::plain().hidden(&[4]).batch_size(2).validation_share(0.5);
    let mut model = Classifier::<f64, i32>::new(how.epochs(epochs));
    let log = Log::default();
    let mut progress = Progress::lines(log.clone());
    let labels = [0, 0, 1, 1];
    let fitted = model.fit_with(
        Examples::rows(&x),
        &labels,
        FitOptions::new().on_epoch(|epoch| {
            let _ = progress.show(epoch);
            if epoch.record.epoch + 1 == stop_after {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }),
    );
    fitted.unwrap();
    drop(progress);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    text.lines().map(String::from).collect()
}

#[test]
fn a_log_file_gets_some_twenty_plain_lines() {
    let log = lines(100, 100);
    assert_eq!(log.len(), 21);
    assert!(log[0].starts_with("epoch   1/100  cost 0."), "{}", log[0]);
    assert!(log[20].starts_with("epoch 100/100  cost 0."), "{}", log[20]);
    assert!(log.iter().all(|line| line.contains("validation cost") && line.is_ascii()));
    assert!(log.iter().all(|line| !line.contains(['\r', '\u{1b}'])), "no control characters");
    assert_eq!(lines(3, 3).len(), 3);
}

#[test]
fn a_training_that_stops_early_shows_its_last_epoch() {
    let log = lines(100, 38);
    assert!(log.last().unwrap().starts_with("epoch  38/100"), "{log:?}");
    assert_eq!(log.len(), 1 + 7 + 1);
}

#[test]
fn a_loop_of_iterations_gets_the_same_lines() {
    let log = Log::default();
    let mut progress = Progress::lines(log.clone());
    for i in 0..50 {
        progress.iteration(i + 1, 50, format!("cost {}", 50 - i));
    }
    drop(progress);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 18); // 1, 3, 6, ..., 48, 50
    assert_eq!((lines[0], lines[17]), ("iteration  1/50  cost 50", "iteration 50/50  cost 1"));
}

struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> Result<usize> {
        Err(Error::other("no space"))
    }
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_does_not_stop_the_training() {
    let x = array![[0.0], [0.2], [0.9], [1.0]];
    let how = Hyperparameters::plain().hidden(&[4]).batch_size(2).epochs(5);
    let mut model = Classifier::<f64, i32>::new(how);
    let mut progress = Progress::lines(Full);
    let history = model
        .fit_with(
            Examples::rows(&x),
            &[0, 0, 1, 1],
            FitOptions::new().on_epoch(|epoch| progress.show(epoch)),
        )
        .unwrap();
    assert_eq!(history.epochs.len(), 5);
}
