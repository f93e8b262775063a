//! Figures beside each other: a bar for each, from the same line on.

use super::text::escape;
use crate::bench::figures::Figure;
use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
/// Where the bars begin, behind their names.
const START: f64 = 300.0;
/// The longest bar.
const LONGEST: f64 = 270.0;
const ROW: f64 = 24.0;
const THICKNESS: f64 = 16.0;

/// The picture.
pub fn svg(figures: &[&Figure]) -> String {
    let height = figures.iter().fold(0.0, |height, _| height + ROW);
    let scale = scale(figures);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n",
        escape(&caption(figures))
    );
    let mut top = (ROW - THICKNESS) / 2.0;
    for figure in figures {
        row(&mut svg, figure, top, scale).expect("a String takes everything");
        top += ROW;
    }
    _ = writeln!(
        svg,
        "<line class=\"axis\" x1=\"{START}\" y1=\"0\" x2=\"{START}\" y2=\"{height}\"/>\n</svg>"
    );
    svg
}

/// What it shows.
pub fn caption(figures: &[&Figure]) -> String {
    let unit = figures.first().map_or("", |figure| &*figure.unit);
    let unit = if unit.is_empty() { "how many" } else { unit };
    let has_bounds = figures.iter().any(|figure| bound(figure).is_some());
    format!("{unit}{}", if has_bounds { "; the line through a bar is its target or its limit" } else { "" })
}

/// Where the line is, and what it is.
fn bound(figure: &Figure) -> Option<(f64, &'static str)> {
    let target = figure.target.map(|target| (target, "target"));
    target.or(figure.limit.map(|limit| (limit, "at most")))
}

/// Length of one unit, so that the largest value and the last line fit.
fn scale(figures: &[&Figure]) -> f64 {
    let largest = figures
        .iter()
        .flat_map(|figure| [Some(figure.value), bound(figure).map(|(at, _)| at)])
        .flatten()
        .fold(0.0, f64::max);
    if largest > 0.0 {
        LONGEST / largest
    } else {
        0.0
    }
}

fn row(svg: &mut String, figure: &Figure, top: f64, scale: f64) -> std::fmt::Result {
    let (name, base) = (escape(figure.name.trim()), top + THICKNESS - 4.0);
    let length = figure.value * scale;
    let class = if figure.is_within_limit() { "bar" } else { "over" };
    writeln!(svg, "<text x=\"{:.1}\" y=\"{base:.1}\" text-anchor=\"end\">{name}</text>", START - 8.0)?;
    writeln!(
        svg,
        "<rect class=\"{class}\" x=\"{START}\" y=\"{top:.1}\" width=\"{length:.1}\" height=\"{THICKNESS}\"/>"
    )?;
    let mut end = START + length;
    let mut value = figure.show(figure.value);
    if let Some((bound, what)) = bound(figure) {
        let at = START + bound * scale;
        let (above, below) = (top - 3.0, top + THICKNESS + 3.0);
        writeln!(
            svg,
            "<line class=\"target\" x1=\"{at:.1}\" y1=\"{above:.1}\" x2=\"{at:.1}\" y2=\"{below:.1}\"/>"
        )?;
        end = end.max(at);
        _ = write!(value, " ({what} {})", figure.show(bound));
    }
    writeln!(svg, "<text x=\"{:.1}\" y=\"{base:.1}\">{value}</text>", end + 6.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::page::samples::{self, refs};

    fn sample(values: &[u64]) -> Vec<Figure> {
        samples::of("in & out", values)
    }

    fn svg_of(figures: &[Figure]) -> String {
        svg(&refs(figures))
    }

    #[test]
    fn lengths_are_in_proportion() {
        let svg = svg_of(&sample(&[1000, 500, 0]));
        for length in ["270.0", "135.0", "0.0"] {
            assert!(svg.contains(&format!("width=\"{length}\"")), "{svg}");
        }
        assert!(
            svg.contains("viewBox=\"0 0 760 72\"")
                && svg.contains(">in &amp; out<")
                && svg.contains(">1,000<")
        );
    }

    #[test]
    fn a_target_beyond_the_bar_fits() {
        let mut figures = sample(&[100]);
        figures[0].target(400);
        let svg = svg_of(&figures);
        assert!(svg.contains("width=\"67.5\"") && svg.contains("x1=\"570.0\""), "{svg}");
        assert!(svg.contains("<text x=\"576.0\" y=\"16.0\">100 (target 400)</text>"), "{svg}");
        assert!(caption(&refs(&figures)).contains("target"));
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(svg_of(&sample(&[0, 0])).contains("width=\"0.0\""));
        assert!(svg_of(&[]).contains("viewBox=\"0 0 760 0\""));
    }
}
