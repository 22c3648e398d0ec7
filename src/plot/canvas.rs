//! The SVG text that all plots write, with one style.

use crate::Result;
use crate::checks::check_argument;
use std::borrow::Cow;
use std::fmt::{self, Display, Write};

/// Colors that color-blind readers can tell apart (Okabe & Ito 2008).
const COLORS: [Color; 7] = [
    Color(0, 114, 178),
    Color(213, 94, 0),
    Color(0, 158, 115),
    Color(204, 121, 167),
    Color(230, 159, 0),
    Color(86, 180, 233),
    Color(90, 90, 90),
];

/// The color of frames and of what is wrong.
pub(super) const ORANGE: Color = COLORS[1];
/// The color of what is right.
pub(super) const BLUE: Color = COLORS[0];
pub(super) const GRID: &str = "#e4e4e4";
pub(super) const LINE: &str = "#555";

/// The longest side of a plot in pixels. Browsers draw no larger pictures.
const LONGEST: f64 = 32_767.0;

/// The size of small text, and the attributes of each text.
pub(super) const SMALL: f64 = 15.0;
const TITLE: f64 = 20.0;
pub(super) const START: &str = "font-size=\"15\"";
pub(super) const MIDDLE: &str = "font-size=\"15\" text-anchor=\"middle\"";
pub(super) const END: &str = "font-size=\"15\" text-anchor=\"end\"";
pub(super) const NAME: &str = "font-size=\"17\" text-anchor=\"middle\"";

/// The distance between a plot and the edge of its canvas.
pub(super) const MARGIN: f64 = 20.0;

/// A color in red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Color(pub u8, pub u8, pub u8);

impl Color {
    /// The color of a class or a curve. Colors repeat after seven.
    pub(super) fn of(number: usize) -> Self {
        COLORS[number % COLORS.len()]
    }

    /// Mixes the color with white; a `share` of 1 is the color.
    pub(super) fn mixed(self, share: f64) -> Self {
        let mix = |part: u8| (255.0 - share * (255.0 - f64::from(part))).round() as u8;
        Self(mix(self.0), mix(self.1), mix(self.2))
    }
}

impl Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// A length or coordinate, in hundredths of a pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Px(pub f64);

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", (self.0 * 100.0).round() / 100.0 + 0.0)
    }
}

/// An SVG that is being written, one element a line.
pub(super) struct Canvas {
    svg: String,
}

impl Canvas {
    /// Starts an SVG with its title and a white background.
    pub(super) fn new((width, height): (f64, f64), title: &str, description: &str) -> Result<Self> {
        for (name, size) in
            [("the width of a plot in pixels", width), ("the height of a plot in pixels", height)]
        {
            check_argument(size <= LONGEST, name, size, "at most 32767")?;
        }
        let (w, h) = (Px(width), Px(height));
        let mut canvas = Self { svg: String::new() };
        // Inside a page, the style lets the plot shrink with its column.
        canvas.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" \
             viewBox=\"0 0 {w} {h}\" role=\"img\" font-family=\"sans-serif\" fill=\"#222\" \
             style=\"max-width:100%;height:auto\">"
        ));
        canvas.put(format_args!("<title>{}</title>", Escaped(title)));
        canvas.put(format_args!("<desc>{}</desc>", Escaped(description)));
        canvas.put(format_args!("<rect width=\"{w}\" height=\"{h}\" rx=\"8\" fill=\"#fff\"/>"));
        let title = shortened(title, width - 2.0 * MARGIN, TITLE);
        canvas.text("font-size=\"20\" font-weight=\"bold\"", (MARGIN, 34.0), &title);
        Ok(canvas)
    }

    /// Writes an element as a line.
    pub(super) fn put(&mut self, element: fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        let _ = writeln!(self.svg, "{element}");
    }

    /// Writes a text at its baseline, unless it is blank.
    pub(super) fn text(&mut self, attributes: &str, (x, y): (f64, f64), text: &str) {
        if !text.trim().is_empty() {
            let (x, y, text) = (Px(x), Px(y), Escaped(text));
            self.put(format_args!("<text x=\"{x}\" y=\"{y}\" {attributes}>{text}</text>"));
        }
    }

    /// Writes a text that reads upward, centered at a point.
    pub(super) fn upward_text(&mut self, (x, y): (f64, f64), text: &str) {
        let turned = format!("{NAME} transform=\"rotate(-90 {} {})\"", Px(x), Px(y));
        self.text(&turned, (x, y), text);
    }

    /// Draws a horizontal or vertical line.
    pub(super) fn line(&mut self, color: &str, from: (f64, f64), to: (f64, f64)) {
        let (x1, y1, x2, y2) = (Px(from.0), Px(from.1), Px(to.0), Px(to.1));
        self.put(format_args!(
            "<path stroke=\"{color}\" shape-rendering=\"crispEdges\" d=\"M{x1} {y1}L{x2} {y2}\"/>"
        ));
    }

    /// Draws the mark of a point.
    pub(super) fn dot(&mut self, color: Color, (x, y): (f64, f64)) {
        let (x, y) = (Px(x), Px(y));
        self.put(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"3.8\" fill=\"{color}\"/>"));
    }

    /// Draws a legend below the title.
    pub(super) fn legend(
        &mut self,
        legend: &Legend,
        mut mark: impl FnMut(&mut Self, usize, (f64, f64)),
    ) {
        for (number, (x, y)) in legend.places.iter().copied().enumerate() {
            mark(self, number, (x, y - 5.0));
            self.text(START, (x + MARK, y), &legend.names[number]);
        }
        if let Some((at, more)) = &legend.more {
            self.text(START, *at, more);
        }
    }

    /// Ends the SVG.
    pub(super) fn finish(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}

/// The width of the mark before a name.
const MARK: f64 = 32.0;
const ROW: f64 = 24.0;
/// The most rows of a legend.
const ROWS: usize = 4;

/// Names with their places, in rows below the title.
pub(super) struct Legend {
    names: Vec<String>,
    places: Vec<(f64, f64)>,
    /// What stands in place of the names that have no room.
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
            let at = |row: usize, x: f64| (MARGIN + x, 60.0 + ROW * row as f64);
            if row == ROWS {
                let more = format!("and {} more", names.len() - number);
                legend.more = Some((at(ROWS - 1, x), more));
                break;
            }
            legend.places.push(at(row, x));
            legend.names.push(name.into_owned());
            x += size + 24.0;
        }
        let rows = if names.is_empty() { 0 } else { row.min(ROWS - 1) + 1 };
        legend.height += if rows > 0 { 8.0 + ROW * rows as f64 } else { 4.0 };
        legend
    }
}

/// Estimates the width of a text, a little too large.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| size * char_width(c)).sum()
}

fn char_width(c: char) -> f64 {
    match c {
        'f' | 'i' | 'j' | 'l' | 't' | 'I' | ' ' | '.' | ',' | ':' | '\'' | '(' | ')' | '|' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.98,
        'A'..='Z' => 0.75,
        _ if c < '\u{1100}' => 0.63,
        _ => 1.05,
    }
}

/// Cuts a text that is too wide, and ends it with an ellipsis.
pub(super) fn shortened(text: &str, room: f64, size: f64) -> Cow<'_, str> {
    let mut width = 0.0;
    let mut end = 0;
    for (start, c) in text.char_indices() {
        if width + size <= room {
            end = start;
        }
        width += size * char_width(c);
        if width > room {
            return format!("{}…", &text[..end]).into();
        }
    }
    text.into()
}

/// A text for XML. Characters that XML 1.0 forbids are U+FFFD; tabs and line breaks are spaces.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&apos;"),
            '\n' | '\r' | '\t' => f.write_char(' '),
            '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => f.write_char(char::REPLACEMENT_CHARACTER),
            _ => f.write_char(c),
        })
    }
}
