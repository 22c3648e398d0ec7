use super::canvas::{
    Area, BLUE, Drawn, Edges, GRID, MARGIN, NAME, ORANGE, SMALL, TITLE, draw, mixed, shortened,
    text_style, text_width, thickness, units, write,
};
#[cfg(doc)]
use crate::Error;
use crate::Result;
use crate::metrics::ConfusionMatrix;
use plotters::prelude::{BLACK, Color, FontTransform, RGBColor, Rectangle, WHITE};
use plotters::style::text_anchor::HPos;

/// The most room for the name of a class.
const NAME_ROOM: f64 = 220.0;
/// The top of the cells.
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
/// classes; [`Error::Plot`] if `plotters` fails.
pub fn confusion_matrix(title: &str, matrix: &ConfusionMatrix) -> Result<String> {
    let counts = matrix.counts();
    let grid = Grid::new(matrix);
    let title_width = text_width(&shortened(title, 560.0, TITLE), TITLE);
    let width = (grid.left + grid.side + MARGIN).max(2.0 * MARGIN + title_width);
    let wrong = counts.sum() - counts.diag().sum();
    let description = format!(
        "Predicted class over actual class. {} classes, {} examples, {wrong} mistakes.",
        grid.names.len(),
        counts.sum()
    );
    let size = (width, TOP + grid.side + grid.below + 40.0);
    draw(size, title, &description, Edges::Crisp, |root| {
        let rows = counts.rows().into_iter().map(|row| row.sum());
        let most = rows.max().unwrap_or(0).max(1) as f64;
        for (classes, &count) in counts.indexed_iter() {
            // A single mistake among hundreds must show.
            let share = if count > 0 { 0.12 + 0.88 * count as f64 / most } else { 0.0 };
            grid.draw_cell(root, classes, count, share)?;
        }
        grid.draw_names(root)
    })
}

/// The places of the cells and names, in pixels.
struct Grid {
    names: Vec<String>,
    /// The side of a cell.
    cell: f64,
    /// The side of all cells together.
    side: f64,
    /// The room left of the cells.
    left: f64,
    /// The room of the names below the cells.
    below: f64,
    /// Whether the names below the cells are too wide and stand upright.
    is_upright: bool,
}

impl Grid {
    fn new(matrix: &ConfusionMatrix) -> Self {
        let names: Vec<_> = matrix.names().iter().map(|n| shortened(n, NAME_ROOM, SMALL)).collect();
        let widest = names.iter().map(|name| text_width(name, SMALL)).fold(0.0, f64::max);
        let cell = if names.len() <= 12 { 52.0 } else { 32.0 };
        let is_upright = widest > cell - 4.0;
        Self {
            cell,
            side: names.len() as f64 * cell,
            left: 58.0 + widest,
            below: if is_upright { widest + 16.0 } else { 24.0 },
            is_upright,
            names,
        }
    }

    fn draw_cell(
        &self,
        area: &Area<'_>,
        (actual, predicted): (usize, usize),
        count: usize,
        share: f64,
    ) -> Drawn {
        let (x, y) = (self.left + self.cell * predicted as f64, TOP + self.cell * actual as f64);
        let corners = [(units(x), units(y)), (units(x + self.cell), units(y + self.cell))];
        let tint = if actual == predicted { BLUE } else { ORANGE };
        area.draw(&Rectangle::new(corners, mixed(tint, share).filled()))?;
        area.draw(&Rectangle::new(corners, GRID.stroke_width(thickness(1.0))))?;
        let ink = match count {
            0 => RGBColor(153, 153, 153),
            _ if share > 0.7 => WHITE,
            _ => BLACK,
        };
        let style = text_style(SMALL, HPos::Center).color(&ink);
        write(area, &style, (x + self.cell / 2.0, y + self.cell / 2.0), &count.to_string())
    }

    /// Draws the names of the classes beside and below the cells, and the names of both sides.
    fn draw_names(&self, area: &Area<'_>) -> Drawn {
        let bottom = TOP + self.side;
        let (left, middle) = (text_style(SMALL, HPos::Right), text_style(SMALL, HPos::Center));
        let upright = left.transform(FontTransform::Rotate270);
        for (class, name) in self.names.iter().enumerate() {
            let at = self.cell * (class as f64 + 0.5);
            write(area, &left, (self.left - 10.0, TOP + at), name)?;
            if self.is_upright {
                write(area, &upright, (self.left + at, bottom + 10.0), name)?;
            } else {
                write(area, &middle, (self.left + at, bottom + 16.0), name)?;
            }
        }
        let name = text_style(NAME, HPos::Center);
        let below = (self.left + self.side / 2.0, bottom + self.below + 15.0);
        write(area, &name, below, "predicted")?;
        let upright = name.transform(FontTransform::Rotate270);
        write(area, &upright, (25.0, TOP + self.side / 2.0), "actual")
    }
}
