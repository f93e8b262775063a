//! Figures behind each other: the parts of one bar, with a legend below.

use super::text::escape;
use crate::bench::figures::Figure;
use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const THICKNESS: f64 = 36.0;
const ROW: f64 = 22.0;
/// Between the bar and its legend.
const GAP: f64 = 10.0;
/// Between two parts, taken from the one before.
const SEAM: f64 = 1.0;
/// A part that is narrower has no room for its number.
const NUMBER: f64 = 22.0;
/// Light colours: dark numbers are read on all of them, on light and on dark paper.
const COLOURS: [&str; 9] =
    ["#77aadd", "#ee8866", "#eedd88", "#ffaabb", "#99ddff", "#44bb99", "#bbcc33", "#aaaa00", "#dddddd"];
/// Right edges of the legend's columns.
const VALUE: f64 = 520.0;
const SHARE: f64 = 600.0;

/// The picture.
pub fn svg(figures: &[&Figure]) -> String {
    let height = figures.iter().fold(THICKNESS + GAP, |height, _| height + ROW);
    let total = total(figures);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n",
        escape(&caption(figures))
    );
    let (mut left, mut top) = (0.0, THICKNESS + GAP);
    for (number, (figure, colour)) in (1..).zip(figures.iter().zip(COLOURS.iter().cycle())) {
        let share = if total > 0.0 { figure.value / total } else { 0.0 };
        part(&mut svg, figure, number, (left, share * WIDTH, colour)).expect("a String takes everything");
        legend(&mut svg, figure, number, (top, share, colour)).expect("a String takes everything");
        left += share * WIDTH;
        top += ROW;
    }
    svg.push_str("</svg>\n");
    svg
}

/// What it shows.
pub fn caption(figures: &[&Figure]) -> String {
    let first = figures.first();
    let sum =
        first.map_or_else(String::new, |first| format!("{} {}", first.show(total(figures)), first.unit));
    format!("{sum} in all, part by part")
}

fn total(figures: &[&Figure]) -> f64 {
    figures.iter().map(|figure| figure.value).sum()
}

fn part(
    svg: &mut String,
    figure: &Figure,
    number: usize,
    (left, width, colour): (f64, f64, &str),
) -> std::fmt::Result {
    let visible = (width - SEAM).max(width / 2.0);
    writeln!(
        svg,
        "<rect x=\"{left:.2}\" y=\"0\" width=\"{visible:.2}\" height=\"{THICKNESS}\" fill=\"{colour}\"><title>{}: {}</title></rect>",
        escape(figure.name.trim()),
        figure.show(figure.value)
    )?;
    if width >= NUMBER {
        let (middle, base) = (left + width / 2.0, THICKNESS / 2.0 + 5.0);
        writeln!(
            svg,
            "<text class=\"on-part\" x=\"{middle:.1}\" y=\"{base}\" text-anchor=\"middle\">{number}</text>"
        )?;
    }
    Ok(())
}

fn legend(
    svg: &mut String,
    figure: &Figure,
    number: usize,
    (top, share, colour): (f64, f64, &str),
) -> std::fmt::Result {
    let base = top + 14.0;
    writeln!(svg, "<rect x=\"0\" y=\"{:.1}\" width=\"14\" height=\"14\" fill=\"{colour}\"/>", top + 3.0)?;
    writeln!(svg, "<text x=\"22\" y=\"{base:.1}\">{number}  {}</text>", escape(figure.name.trim()))?;
    let value = figure.show(figure.value);
    writeln!(svg, "<text x=\"{VALUE}\" y=\"{base:.1}\" text-anchor=\"end\">{value}</text>")?;
    let share = share * 100.0;
    writeln!(
        svg,
        "<text class=\"faint\" x=\"{SHARE}\" y=\"{base:.1}\" text-anchor=\"end\">{share:.1} %</text>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::page::samples::{self, refs};

    fn sample(values: &[u64]) -> Vec<Figure> {
        samples::of("a < b", values)
    }

    fn svg_of(figures: &[Figure]) -> String {
        svg(&refs(figures))
    }

    #[test]
    fn parts_lie_behind_each_other_and_fill_the_bar() {
        let svg = svg_of(&sample(&[100, 200, 100]));
        for (left, width) in [("0.00", "189.00"), ("190.00", "379.00"), ("570.00", "189.00")] {
            let part = format!("<rect x=\"{left}\" y=\"0\" width=\"{width}\"");
            assert!(svg.contains(&part), "{part} in {svg}");
        }
        assert!(svg.contains(">a &lt; b: 200</title>") && svg.contains(">25.0 %<"), "{svg}");
        assert_eq!(caption(&refs(&sample(&[1000, 200]))), "1,200 instructions in all, part by part");
    }

    #[test]
    fn a_part_too_narrow_for_its_number_is_in_the_legend() {
        let svg = svg_of(&sample(&[1, 999]));
        assert_eq!(svg.matches("class=\"on-part\"").count(), 1);
        assert_eq!(svg.matches("%</text>").count(), 2);
        assert!(svg.contains("width=\"0.38\""), "it is seen: {svg}");
    }

    #[test]
    fn there_may_be_nothing_and_more_parts_than_colours() {
        assert!(svg_of(&sample(&[0])).contains("width=\"0.00\""));
        assert!(svg_of(&[]).contains("<svg "));
        assert_eq!(svg_of(&sample(&[1; 12])).matches(COLOURS[0]).count(), 4, "the first and the tenth");
    }
}
