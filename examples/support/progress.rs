//! How far the training is.

use indicatif::style::TemplateError;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar for so many iterations.
pub fn bar(iterations: usize) -> Result<ProgressBar, TemplateError> {
    let style = ProgressStyle::with_template("{bar:24} {pos:>5}/{len}  {msg}  {eta} left")?;
    Ok(ProgressBar::new(iterations as u64).with_style(style))
}

/// Moves the bar on. Without a terminal there is none: then every 250th iteration is a line.
pub fn step(bar: &ProgressBar, message: String) {
    if bar.is_hidden() && bar.position().is_multiple_of(250) {
        println!("iteration {:5}  {message}", bar.position());
    }
    bar.set_message(message);
    bar.inc(1);
}
