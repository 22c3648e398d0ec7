use super::canvas::{COLORS, draw};
#[cfg(doc)]
use crate::Error;
use crate::Result;
use crate::metrics::ConfusionMatrix;
use plotters::prelude::{BLACK, Color, IntoFont, RGBColor, Rectangle, TextStyle, WHITE};

/// Draws a confusion matrix, with darker cells for larger counts.
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
/// [`Error::Plot`] if the backend fails.
pub fn confusion_matrix(title: &str, matrix: &ConfusionMatrix) -> Result<String> {
    let (counts, names) = (matrix.counts(), matrix.names());
    let classes = names.len();
    let cell = if classes <= 12 { 48 } else { 30 };
    let side = classes as i32 * cell;
    let (left, top) = (150, 84);
    let rows = counts.rows().into_iter().map(|row| row.sum());
    let most = rows.max().unwrap_or(0).max(1) as f64;
    draw(((left + side + 40) as u32, (top + side + 90) as u32), |root| {
        let middle = |size: i32| {
            let font = ("sans-serif", size).into_font();
            let pos = plotters::style::text_anchor::Pos::new(
                plotters::style::text_anchor::HPos::Center,
                plotters::style::text_anchor::VPos::Center,
            );
            TextStyle::from(font).pos(pos)
        };
        let write = |text: &str, at: (i32, i32), size: i32| root.draw_text(text, &middle(size), at);
        write(title, (left + side / 2, 28), 24)?;
        write("predicted", (left + side / 2, top + side + 60), 19)?;
        write("actual", (44, top + side / 2), 19)?;
        for (class, name) in names.iter().enumerate() {
            let at = class as i32 * cell + cell / 2;
            write(name, (left + at, top + side + 24), 16)?;
            write(name, (left - 40, top + at), 16)?;
        }
        for ((actual, predicted), &count) in counts.indexed_iter() {
            let corner = (left + predicted as i32 * cell, top + actual as i32 * cell);
            let share = count as f64 / most;
            let tint = if actual == predicted { COLORS[0] } else { COLORS[1] };
            // A single mistake among hundreds must show.
            let share = if count > 0 { 0.12 + 0.88 * share } else { 0.0 };
            let area = [corner, (corner.0 + cell, corner.1 + cell)];
            root.draw(&Rectangle::new(area, tint.mix(share).filled()))?;
            root.draw(&Rectangle::new(area, RGBColor(200, 200, 200).stroke_width(1)))?;
            let ink = if share > 0.55 { &WHITE } else { &BLACK };
            let style = middle(17).color(ink);
            root.draw_text(&count.to_string(), &style, (corner.0 + cell / 2, corner.1 + cell / 2))?;
        }
        Ok(())
    })
}
