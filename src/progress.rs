//! Training progress as a bar or as log lines (feature `progress`).

use crate::Float;
use crate::model::{Epoch, EpochRecord};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt;
use std::io::{IsTerminal, Write, stderr};
use std::ops::ControlFlow;

/// The number of lines in a log, without the last one.
const LINES: usize = 20;

/// Progress of a fit: a bar with the remaining time in a terminal, otherwise about twenty log
/// lines.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::progress::Progress;
///
/// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
/// let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(4).epochs(40);
/// let mut model = Classifier::<f64, i32>::new(hyperparameters);
/// let mut progress = Progress::stderr();
/// let options = FitOptions::new().on_epoch(|epoch| progress.show(epoch));
/// model.fit_with(Examples::rows(&x), &[0, 0, 1, 1], options)?;
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// When it is dropped, the last epoch stays on the screen or is written as the last line.
pub struct Progress {
    shown: Shown,
}

enum Shown {
    Bar(ProgressBar),
    /// The writer, and the last line if it is not written yet.
    Lines(Box<dyn Write + Send>, Option<String>),
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = match self.shown {
            Shown::Bar(_) => "bar",
            Shown::Lines(..) => "lines",
        };
        f.debug_tuple("Progress").field(&shown).finish()
    }
}

impl Progress {
    /// Creates a display on standard error: a bar if it is a terminal, otherwise log lines.
    #[must_use]
    pub fn stderr() -> Self {
        if stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            Self { shown: Shown::Bar(bar.with_style(style())) }
        } else {
            Self::lines(stderr())
        }
    }

    /// Creates a display that writes log lines to `to`.
    ///
    /// Errors of the writer are ignored, so that a full disk does not stop the training.
    ///
    /// ```
    /// use dnn_blocks::progress::Progress;
    /// let progress = Progress::lines(Vec::new());
    /// # let _ = progress;
    /// ```
    pub fn lines(to: impl Write + Send + 'static) -> Self {
        Self { shown: Shown::Lines(Box::new(to), None) }
    }

    /// Shows an epoch. Returns [`ControlFlow::Continue`], so that it can be the whole callback.
    pub fn show<F: Float>(&mut self, epoch: &Epoch<'_, F>) -> ControlFlow<()> {
        let done = epoch.record.epoch + 1;
        self.update("epoch", done, epoch.total_epochs, figures(&epoch.record));
        ControlFlow::Continue(())
    }

    /// Shows that `done` of `total` iterations of a training loop are done, with a message.
    ///
    /// ```
    /// use dnn_blocks::progress::Progress;
    ///
    /// let mut progress = Progress::stderr();
    /// for i in 0..1000 {
    ///     let cost = 1.0 / (i + 1) as f64; // in place of a training step
    ///     progress.iteration(i + 1, 1000, format!("cost {cost:.4}"));
    /// }
    /// ```
    pub fn iteration(&mut self, done: usize, total: usize, message: impl Into<String>) {
        self.update("iteration", done, total, message.into());
    }

    fn update(&mut self, unit: &str, done: usize, total: usize, message: String) {
        match &mut self.shown {
            Shown::Bar(bar) => {
                bar.set_length(total as u64);
                bar.set_message(message);
                bar.set_position(done as u64);
            }
            Shown::Lines(to, last) => {
                let every = total.div_ceil(LINES).max(1);
                let width = total.to_string().len();
                *last = Some(format!("{unit} {done:>width$}/{total}  {message}\n"));
                if done == 1 || done.is_multiple_of(every) || done == total {
                    write(to, last.take());
                }
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        match &mut self.shown {
            Shown::Bar(bar) => bar.abandon(),
            Shown::Lines(to, last) => write(to, last.take()),
        }
    }
}

fn write(to: &mut impl Write, line: Option<String>) {
    let _ = to.write_all(line.unwrap_or_default().as_bytes()).and_then(|()| to.flush());
}

fn style() -> ProgressStyle {
    let template = "{bar:24} {pos:>5}/{len}  {msg}  {eta} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn figures(record: &EpochRecord) -> String {
    let mut figures = format!("cost {:.4}", record.cost);
    if let (Some(cost), Some(score)) = (record.validation_cost, record.validation_score) {
        figures += &format!("  validation cost {cost:.4} score {score:.4}");
    }
    figures
}
