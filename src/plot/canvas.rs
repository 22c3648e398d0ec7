//! The canvas, colors and ranges that all plots share.

use crate::error::Cause;
use crate::{Error, Result};
use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea, RGBColor, SVGBackend, WHITE};
use std::ops::Range;

/// Colors that color-blind readers can tell apart (Okabe & Ito 2008).
pub(super) const COLORS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];

/// The largest number on an axis: the backend never finishes dividing a longer one.
pub(super) const LARGEST: f64 = 1e30;

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Drawn<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Draws on a white canvas of this size, and returns the SVG.
pub(super) fn draw(size: (u32, u32), f: impl FnOnce(&Area<'_>) -> Drawn) -> Result<String> {
    let mut svg = String::new();
    let drawn = {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)
            .map_err(Into::into)
            .and_then(|()| f(&root))
            .and_then(|()| root.present().map_err(Into::into))
    };
    match drawn {
        Ok(()) => Ok(legible(svg)),
        Err(error) => Err(Error::Plot { cause: Cause::new(error.to_string()) }),
    }
}

/// Replaces the characters of an SVG that XML 1.0 forbids by U+FFFD, and tabs and the line breaks
/// within a text by spaces: SVG 1.1 would join the words on both sides of a line break.
fn legible(svg: String) -> String {
    let mut clean = String::with_capacity(svg.len());
    let mut rest = svg.chars().peekable();
    let mut previous = '>';
    while let Some(c) = rest.next() {
        // Texts have `<` and `>` escaped, so a line break beside one of these is the backend's.
        let is_markup = previous == '>' || rest.peek().is_none_or(|next| *next == '<');
        previous = c;
        clean.push(match c {
            '\n' if is_markup => c,
            '\n' | '\r' | '\t' => ' ',
            '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => char::REPLACEMENT_CHARACTER,
            _ => c,
        });
    }
    clean
}

pub(super) fn color(class: usize) -> RGBColor {
    COLORS[class % COLORS.len()]
}

/// Mixes four parts of white with one of the color.
pub(super) fn pale(RGBColor(r, g, b): RGBColor) -> RGBColor {
    let mix = |part: u8| ((4 * 255 + u16::from(part)) / 5) as u8;
    RGBColor(mix(r), mix(g), mix(b))
}

/// The range of the values with a margin; from 0 if the smallest value is close to it.
pub(super) fn range(values: impl Iterator<Item = f64> + Clone, logarithmic: bool) -> Range<f64> {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return 0.0..1.0;
    }
    let low = if !logarithmic && low > 0.0 && low < 0.5 * high { 0.0 } else { low };
    let size = low.abs().max(high.abs());
    let varied = high - low > 1e-9 * size && high - low > 1.0 / LARGEST;
    let room = if varied { 0.05 * (high - low) } else { 0.5 * size.max(1.0) };
    (if low == 0.0 { low } else { low - room })..high + room
}
