//! The axes of a plot.

use super::canvas::{
    Area, Drawn, GRID, LINE, MARGIN, NAME, SMALL, mixed, pixels, shortened, text_style, text_width,
    thickness, units,
};
use super::scale::Scale;
use plotters::prelude::{Cartesian2d, ChartBuilder, ChartContext, Color, PathElement, SVGBackend};
use plotters::style::text_anchor::HPos;

pub(super) type Chart<'a, 'b> = ChartContext<'b, SVGBackend<'a>, Cartesian2d<Scale, Scale>>;

/// The room of the labels and the name below the area.
pub(super) const BELOW: f64 = 62.0;
/// The part of the room that stays empty.
const EDGE: f64 = 9.0;
const TICK: f64 = 5.0;

/// Two scales, and the size of their area.
pub(super) struct Axes {
    pub(super) x: Scale,
    pub(super) y: Scale,
    /// The room left of the area.
    left: f64,
    /// The room right of the area, which half of the last label needs.
    right: f64,
}

impl Axes {
    pub(super) fn new(x: Scale, y: Scale) -> Self {
        let last = x.ticks.last().map_or(0.0, |(_, label)| text_width(label, SMALL));
        let labels = y.ticks.iter().map(|(_, label)| text_width(label, SMALL));
        let left = (46.0 + labels.fold(0.0, f64::max)).ceil();
        Self { x, y, left, right: (0.5 * last + 6.0).max(1.5 * MARGIN) }
    }

    /// The room beside the area.
    pub(super) fn beside(&self) -> f64 {
        self.left + self.right
    }

    /// Divides the part of a canvas below the legend.
    pub(super) fn chart<'a, 'b>(&self, area: &Area<'a>) -> Drawn<Chart<'a, 'b>> {
        ChartBuilder::on(area)
            .margin_left(units(EDGE))
            .margin_right(units(self.right))
            .margin_bottom(units(EDGE))
            .x_label_area_size(units(BELOW - EDGE))
            .y_label_area_size(units(self.left - EDGE))
            .build_cartesian_2d(self.x.clone(), self.y.clone())
    }

    /// Draws ticks, labels and names, and a line through the area at each tick if `grid`.
    pub(super) fn draw(&self, chart: &mut Chart<'_, '_>, names: [&str; 2], grid: bool) -> Drawn {
        let (width, height) = chart.plotting_area().dim_in_pixel();
        let name = |text: &str, room: u32| {
            let name = shortened(text, pixels(room), NAME);
            (!name.trim().is_empty()).then_some(name)
        };
        let mut mesh = chart.configure_mesh();
        mesh.set_all_tick_mark_size(units(TICK))
            .bold_line_style(GRID.stroke_width(thickness(1.0)))
            .light_line_style(mixed(GRID, 0.5).stroke_width(thickness(1.0)))
            .axis_style(LINE.stroke_width(thickness(1.0)))
            .label_style(text_style(SMALL, HPos::Center))
            .axis_desc_style(text_style(NAME, HPos::Center));
        if !grid {
            mesh.disable_mesh();
        }
        if let Some(name) = name(names[0], width) {
            mesh.x_desc(name);
        }
        if let Some(name) = name(names[1], height) {
            mesh.y_desc(name);
        }
        mesh.draw()
    }

    /// Draws a frame around the area.
    pub(super) fn draw_frame(&self, chart: &Chart<'_, '_>) -> Drawn {
        let ((left, right), (bottom, top)) =
            ((self.x.range.start, self.x.range.end), (self.y.range.start, self.y.range.end));
        let corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)];
        chart.plotting_area().draw(&PathElement::new(corners, LINE.stroke_width(thickness(1.0))))
    }
}
