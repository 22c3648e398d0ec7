//! The legend of a plot.

use super::canvas::{Area, Drawn, MARGIN, SMALL, shortened, text_style, text_width, write};
use plotters::style::text_anchor::HPos;

/// The width of the mark before a name.
const MARK: f64 = 32.0;
const ROW: f64 = 24.0;
/// The most rows of a legend.
const ROWS: usize = 4;
/// The middle of the first row.
const TOP: f64 = 55.0;

/// Names with their places, in rows below the title.
pub(super) struct Legend {
    names: Vec<String>,
    places: Vec<(f64, f64)>,
    /// The text in place of the names that have no room.
    more: Option<((f64, f64), String)>,
    /// The height of the title and the legend.
    pub(super) height: f64,
}

impl Legend {
    /// Places the names on a canvas of this width.
    pub(super) fn new(width: f64, names: &[String]) -> Self {
        let room = width - 2.0 * MARGIN;
        let mut legend = Self { names: Vec::new(), places: Vec::new(), more: None, height: 50.0 };
        let (mut x, mut row) = (0.0, 0);
        for (number, name) in names.iter().enumerate() {
            let name = shortened(name, room - MARK, SMALL);
            let size = MARK + text_width(&name, SMALL);
            // The last row keeps room for the count of the others.
            let count = if row + 1 == ROWS && number + 1 < names.len() { 120.0 } else { 0.0 };
            if x > 0.0 && x + size + count > room {
                (x, row) = if row + 1 < ROWS { (0.0, row + 1) } else { (x, ROWS) };
            }
            let at = |row: usize, x: f64| (MARGIN + x, TOP + ROW * row as f64);
            if row == ROWS {
                let more = format!("and {} more", names.len() - number);
                legend.more = Some((at(ROWS - 1, x), more));
                break;
            }
            legend.places.push(at(row, x));
            legend.names.push(name);
            x += size + 24.0;
        }
        let rows = if names.is_empty() { 0 } else { row.min(ROWS - 1) + 1 };
        legend.height += if rows > 0 { 8.0 + ROW * rows as f64 } else { 4.0 };
        legend
    }

    /// Draws the names, with a mark before each.
    pub(super) fn draw(&self, area: &Area<'_>, mark: impl Fn(usize, (f64, f64)) -> Drawn) -> Drawn {
        let style = text_style(SMALL, HPos::Left);
        for (number, (x, y)) in self.places.iter().copied().enumerate() {
            mark(number, (x, y))?;
            write(area, &style, (x + MARK, y), &self.names[number])?;
        }
        match &self.more {
            Some((at, more)) => write(area, &style, *at, more),
            None => Ok(()),
        }
    }
}
