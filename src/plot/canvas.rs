//! The canvas that all plots share, with one style.

use crate::checks::check_argument;
use crate::error::Cause;
use crate::{Error, Result};
use plotters::coord::Shift;
use plotters::prelude::{
    Circle, Color, DrawResult, DrawingArea, FontStyle, IntoDrawingArea, IntoFont, RGBColor,
    SVGBackend, TextStyle, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Colors that color-blind readers can tell apart (Okabe & Ito 2008).
const COLORS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];

/// The color of what is right.
pub(super) const BLUE: RGBColor = COLORS[0];
/// The color of what is wrong.
pub(super) const ORANGE: RGBColor = COLORS[1];
pub(super) const GRID: RGBColor = RGBColor(228, 228, 228);
pub(super) const LINE: RGBColor = RGBColor(85, 85, 85);
const INK: RGBColor = RGBColor(34, 34, 34);

/// The longest side of a plot in pixels. Browsers draw no larger pictures.
const LONGEST: f64 = 32_767.0;

/// The font sizes in pixels.
pub(super) const SMALL: f64 = 15.0;
pub(super) const NAME: f64 = 17.0;
pub(super) const TITLE: f64 = 20.0;

/// The distance between a plot and the edge of its canvas.
pub(super) const MARGIN: f64 = 20.0;

/// The units of the drawing in a pixel, because the backend rounds coordinates.
const UNITS: u32 = 10;

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Drawn<T = ()> = DrawResult<T, SVGBackend<'static>>;

/// Converts a length or coordinate from pixels to units of the drawing.
pub(super) fn units(pixels: f64) -> i32 {
    (pixels * f64::from(UNITS)).round() as i32
}

/// Converts a length from units of the drawing to pixels.
pub(super) fn pixels(units: u32) -> f64 {
    f64::from(units) / f64::from(UNITS)
}

/// Converts the width of a line, or a radius, from pixels.
pub(super) fn thickness(pixels: f64) -> u32 {
    units(pixels).unsigned_abs()
}

/// How a browser draws the edges of shapes.
pub(super) enum Edges {
    /// Blended with what lies below.
    Smooth,
    /// On whole pixels, so that no gap shows between neighbors.
    Crisp,
}

/// Draws on a canvas of this size in pixels, below the title, and returns the SVG.
pub(super) fn draw(
    (width, height): (f64, f64),
    title: &str,
    description: &str,
    edges: Edges,
    f: impl FnOnce(&Area<'_>) -> Drawn,
) -> Result<String> {
    let (width, height) = (width.ceil(), height.ceil());
    for (name, size) in
        [("the width of a plot in pixels", width), ("the height of a plot in pixels", height)]
    {
        check_argument(size <= LONGEST, name, size, "at most 32767")?;
    }
    let (w, h) = (width as u32 * UNITS, height as u32 * UNITS);
    let mut drawing = String::new();
    draw_all(&mut drawing, (w, h), title, f)
        .map_err(|error| Error::Plot { cause: Cause::new(error) })?;
    // The first line is the opening tag of the backend.
    let elements = drawing.split_once('\n').map_or("", |(_, elements)| elements);
    let (title, description) = (escaped(title), escaped(description));
    let rendering = match edges {
        Edges::Smooth => "auto",
        Edges::Crisp => "crispEdges",
    };
    // Inside a page, the style lets the plot shrink with its column.
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {w} {h}\" role=\"img\" shape-rendering=\"{rendering}\" stroke-width=\"{UNITS}\" \
         stroke-linecap=\"round\" stroke-linejoin=\"round\" \
         style=\"max-width:100%;height:auto\">\n\
         <title>{title}</title>\n<desc>{description}</desc>\n\
         <rect width=\"{w}\" height=\"{h}\" rx=\"80\" fill=\"#fff\"/>\n{elements}"
    ))
}

fn draw_all(
    drawing: &mut String,
    size: (u32, u32),
    title: &str,
    f: impl FnOnce(&Area<'_>) -> Drawn,
) -> Drawn {
    let root = SVGBackend::with_string(drawing, size).into_drawing_area();
    let room = pixels(size.0) - 2.0 * MARGIN;
    let mut style = text_style(TITLE, HPos::Left);
    style.font = style.font.style(FontStyle::Bold);
    write(&root, &style, (MARGIN, 27.0), &shortened(title, room, TITLE))?;
    f(&root)?;
    root.present()
}

/// The color of a class or a curve. Colors repeat after seven.
pub(super) fn color(number: usize) -> RGBColor {
    COLORS[number % COLORS.len()]
}

/// Mixes a color with white; a `share` of 1 is the color.
pub(super) fn mixed(RGBColor(r, g, b): RGBColor, share: f64) -> RGBColor {
    let mix = |part: u8| (255.0 - share * (255.0 - f64::from(part))).round() as u8;
    RGBColor(mix(r), mix(g), mix(b))
}

/// The style of a text beside or around a point, at half its height.
pub(super) fn text_style(size: f64, beside: HPos) -> TextStyle<'static> {
    // The backend divides the size of a font by 1.24.
    let size = 1.24 * size * f64::from(UNITS);
    let style = ("sans-serif", size).into_font().color(&INK);
    style.pos(Pos::new(beside, VPos::Center))
}

/// Writes a text at a point in pixels, unless it is blank.
pub(super) fn write(
    area: &Area<'_>,
    style: &TextStyle<'_>,
    (x, y): (f64, f64),
    text: &str,
) -> Drawn {
    if text.trim().is_empty() {
        return Ok(());
    }
    area.draw_text(text, style, (units(x), units(y)))
}

/// A dot with a white outline.
pub(super) fn outlined_dot<C: Clone>(color: RGBColor, at: C) -> [Circle<C, u32>; 2] {
    let dot = |radius, color: RGBColor| Circle::new(at.clone(), radius, color.filled());
    [dot(thickness(4.3), WHITE), dot(thickness(3.3), color)]
}

/// Estimates the width of a text, a little too large. Without fonts, `plotters` counts bytes.
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

/// Makes a text legible. If it is too wide, cuts it and ends it with an ellipsis.
pub(super) fn shortened(text: &str, room: f64, size: f64) -> String {
    let text = legible(text);
    let (mut width, mut end) = (0.0, 0);
    for (start, c) in text.char_indices() {
        if width + size <= room {
            end = start;
        }
        width += size * char_width(c);
        if width > room {
            return format!("{}…", &text[..end]);
        }
    }
    text
}

/// Replaces characters that XML 1.0 forbids by U+FFFD, and tabs and line breaks by spaces.
fn legible(text: &str) -> String {
    let replaced = text.chars().map(|c| match c {
        '\n' | '\r' | '\t' => ' ',
        '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    });
    replaced.collect()
}

/// A legible text for an element that the backend does not write.
fn escaped(text: &str) -> String {
    let text = legible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&apos;")
}
