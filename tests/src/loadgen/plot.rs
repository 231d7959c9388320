//! Plots as SVG: one curve over a logarithmic or linear axis.

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::{
    ChartBuilder, Circle, Color as _, DrawingAreaErrorKind, IntoDrawingArea as _, IntoLogRange as _,
    LineSeries, RED, Ranged, SVGBackend, WHITE,
};
use std::ops::Range;
use std::path::Path;

/// Width and height, in pixels.
const SIZE: (u32, u32) = (800, 480);

/// What a plot says.
#[derive(Clone, Debug)]
pub struct Plot<'a> {
    /// Above it.
    pub title: &'a str,
    /// Below it, with the unit.
    pub across: &'a str,
    /// Beside it, with the unit.
    pub up: &'a str,
    /// Its points, ascending.
    pub points: &'a [(f64, f64)],
}

/// Why there is no plot.
pub type PlotError = DrawingAreaErrorKind<std::io::Error>;

impl Plot<'_> {
    /// Draws it with powers of ten across.
    ///
    /// # Errors
    /// Those of the file.
    pub fn logarithmic(&self, path: &Path) -> Result<(), PlotError> {
        let (from, to) = self.width();
        self.draw(path, (from.max(1.0)..to).log_scale())
    }

    /// Draws it with equal steps across, from zero.
    ///
    /// # Errors
    /// Those of the file.
    pub fn linear(&self, path: &Path) -> Result<(), PlotError> {
        self.draw(path, 0.0..self.width().1)
    }

    fn width(&self) -> (f64, f64) {
        let across = self.points.iter().map(|(across, _)| *across);
        across.fold((f64::MAX, 1.0), |(from, to), across| (across.min(from), across.max(to)))
    }

    fn draw<X>(&self, path: &Path, across: X) -> Result<(), PlotError>
    where
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let highest = self.points.iter().map(|(_, up)| *up).fold(0.0, f64::max);
        let up: Range<f64> = 0.0..(highest * 1.1).max(f64::MIN_POSITIVE);
        let area = SVGBackend::new(path, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 20))
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(across, up)?;
        chart.configure_mesh().x_desc(self.across).y_desc(self.up).draw()?;
        chart.draw_series(LineSeries::new(self.points.iter().copied(), &RED))?;
        chart.draw_series(self.points.iter().map(|point| Circle::new(*point, 3, RED.filled())))?;
        area.present()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_its_words_and_points() {
        let folder = tempfile::tempdir().expect("a folder");
        let points = [(10_000.0, 60.0), (100_000.0, 61.0), (1_000_000.0, 65.0)];
        let plot = Plot { title: "cost", across: "messages stored", up: "µs", points: &points };
        for (name, drawn) in [("log.svg", true), ("linear.svg", false)] {
            let path = folder.path().join(name);
            if drawn { plot.logarithmic(&path) } else { plot.linear(&path) }.expect("a plot");
            let svg = std::fs::read_to_string(path).expect("a file");
            assert!(svg.starts_with("<svg") && svg.contains("messages stored"), "{svg}");
            assert_eq!(svg.matches("<circle").count(), points.len(), "{svg}");
        }
    }
}
