use super::canvas::{
    BLUE, Canvas, END, GRID, MARGIN, MIDDLE, NAME, ORANGE, Px, SMALL, shortened, text_width,
};
#[cfg(doc)]
use crate::Error;
use crate::Result;
use crate::metrics::ConfusionMatrix;

/// The most room for the name of a class.
const NAME_ROOM: f64 = 220.0;
const TOP: f64 = 60.0;

/// Draws a confusion matrix; darker cells have more examples.
///
/// Correct predictions are blue, mistakes orange.
///
/// ```
/// use dnn_blocks::plot;
/// use dnn_blocks::prelude::*;
///
/// let (actual, predicted) = (["cat", "cat", "dog"], ["cat", "dog", "dog"]);
/// let matrix = ConfusionMatrix::new(Actual(&actual), Predicted(&predicted))?;
/// assert!(plot::confusion_matrix("Cats and dogs", &matrix)?.contains("dog"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`] if a side of the plot has more than 32,767 pixels: from about 1,000
/// classes.
pub fn confusion_matrix(title: &str, matrix: &ConfusionMatrix) -> Result<String> {
    let (counts, classes) = (matrix.counts(), matrix.names().len());
    let names: Vec<_> = matrix.names().iter().map(|n| shortened(n, NAME_ROOM, SMALL)).collect();
    let widest = names.iter().map(|name| text_width(name, SMALL)).fold(0.0, f64::max);
    let cell = if classes <= 12 { 52.0 } else { 32.0 };
    let side = classes as f64 * cell;
    let left = 46.0 + widest + 12.0;
    // Wide names stand upright below their columns.
    let upright = widest > cell - 4.0;
    let below = if upright { widest + 16.0 } else { 24.0 };
    let width = (left + side + MARGIN).max(2.0 * MARGIN + text_width(title, 20.0).min(560.0));
    let wrong = counts.sum() - counts.diag().sum();
    let description = format!(
        "Predicted class over actual class. {classes} classes, {} examples, {wrong} mistakes.",
        counts.sum()
    );
    let mut canvas = Canvas::new((width, TOP + side + below + 40.0), title, &description)?;

    let rows = counts.rows().into_iter().map(|row| row.sum());
    let most = rows.max().unwrap_or(0).max(1) as f64;
    let corner = |class: usize| class as f64 * cell;
    for ((actual, predicted), &count) in counts.indexed_iter() {
        let tint = if actual == predicted { BLUE } else { ORANGE };
        // A single mistake among hundreds must show.
        let share = if count > 0 { 0.12 + 0.88 * count as f64 / most } else { 0.0 };
        let (x, y) = (left + corner(predicted), TOP + corner(actual));
        canvas.put(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{cell}\" height=\"{cell}\" fill=\"{}\" \
             stroke=\"{GRID}\"/>",
            Px(x),
            Px(y),
            tint.mixed(share)
        ));
        let ink = match count {
            0 => "#999",
            _ if share > 0.7 => "#fff",
            _ => "#222",
        };
        let attributes = format!("{MIDDLE} fill=\"{ink}\"");
        canvas.text(&attributes, (x + cell / 2.0, y + cell / 2.0 + 5.0), &count.to_string());
    }
    for (class, name) in names.iter().enumerate() {
        let middle = corner(class) + cell / 2.0;
        canvas.text(END, (left - 10.0, TOP + middle + 5.0), name);
        let (x, y) = (left + middle, TOP + side + 20.0);
        if upright {
            let (x, y) = (x + 5.0, y - 8.0);
            let turned = format!("{END} transform=\"rotate(-90 {} {})\"", Px(x), Px(y));
            canvas.text(&turned, (x, y), name);
        } else {
            canvas.text(MIDDLE, (x, y), name);
        }
    }
    canvas.text(NAME, (left + side / 2.0, TOP + side + below + 20.0), "predicted");
    canvas.upward_text((30.0, TOP + side / 2.0), "actual");
    Ok(canvas.finish())
}
