//! The figures of a measurement, and the table of them for people.

use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// The unit of what is divided by its like.
const RATIO: &str = "x";

/// A figure. The fewer, the better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Its name. Spaces in front of it say that it is a part of the one before.
    pub name: String,
    /// How many, or how much.
    #[serde(serialize_with = "whole_if_possible")]
    pub value: f64,
    /// Of what; `x` for a ratio, and empty for mere numbers.
    pub unit: Cow<'static, str>,
    /// More than that is too much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// What it should come down to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// Whether it is a count of ours that must not grow.
    pub compared: bool,
    /// How it is drawn.
    #[serde(skip)]
    pub shape: Shape,
}

/// How a figure is drawn. Those of one shape and unit make one picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Not at all.
    #[default]
    Hidden,
    /// As a bar of its own.
    Bar,
    /// As a part of a bar, behind the part before it.
    Part,
}

/// What a measurement found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The measurement's.
    pub name: Cow<'static, str>,
    /// What the figures depend on beside pxHV: names of programs and files, and their versions.
    pub made_with: BTreeMap<String, String>,
    /// The figures, in order. Names are unique.
    #[serde(rename = "figures")]
    pub list: Vec<Figure>,
}

impl Figures {
    /// Nothing yet.
    pub const fn new(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), made_with: BTreeMap::new(), list: Vec::new() }
    }

    /// Notes something beside pxHV on which the figures depend.
    pub fn depend_on(&mut self, what: &str, version: impl Into<String>) {
        self.made_with.insert(what.into(), version.into());
    }

    /// Adds a number of something that pxHV causes.
    pub fn count(&mut self, name: impl Into<String>, value: u64, unit: &'static str) -> &mut Figure {
        let value = exactly(value);
        self.add(Figure { name: name.into(), value, unit: unit.into(), compared: true, ..Figure::default() })
    }

    /// Adds a number that is not pxHV's, or that is not always the same: a later run is not compared with it.
    pub fn reference(&mut self, name: impl Into<String>, value: u64, unit: &'static str) -> &mut Figure {
        let figure = self.count(name, value, unit);
        figure.compared = false;
        figure
    }

    /// Adds `part` divided by `whole`, which may be at most `limit`.
    pub fn ratio(
        &mut self,
        name: impl Into<String>,
        part: u64,
        whole: u64,
        limit: Option<f64>,
    ) -> &mut Figure {
        let value = exactly(part) / exactly(whole);
        self.add(Figure { name: name.into(), value, unit: RATIO.into(), limit, ..Figure::default() })
    }

    fn add(&mut self, figure: Figure) -> &mut Figure {
        self.list.push(figure);
        self.list.last_mut().expect("just pushed")
    }

    /// The figure of that name.
    pub fn find(&self, name: &str) -> Option<&Figure> {
        self.list.iter().find(|figure| figure.name == name)
    }

    /// Whether nothing is too much.
    pub fn are_within_limits(&self) -> bool {
        self.list.iter().all(Figure::is_within_limit)
    }
}

impl Figure {
    /// More than `limit` is too much.
    pub fn limit(&mut self, limit: u64) -> &mut Self {
        self.limit = Some(exactly(limit));
        self
    }

    /// It should come down to `target`.
    pub fn target(&mut self, target: u64) -> &mut Self {
        self.target = Some(exactly(target));
        self
    }

    /// Drawn like this.
    pub fn drawn(&mut self, shape: Shape) -> &mut Self {
        self.shape = shape;
        self
    }

    /// Whether it is not too much.
    pub fn is_within_limit(&self) -> bool {
        self.limit.is_none_or(|limit| self.value <= limit)
    }

    /// The value, or another one of the same kind, as people read it: 1,234,567 or 0.9370.
    pub fn show(&self, value: f64) -> String {
        if self.unit == RATIO {
            format!("{value:.4}")
        } else {
            grouped(value)
        }
    }
}

impl Default for Figure {
    fn default() -> Self {
        let (name, unit, shape) = (String::new(), Cow::Borrowed(""), Shape::Hidden);
        Self { name, value: 0.0, unit, limit: None, target: None, compared: false, shape }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for figure in &self.list {
            let Figure { name, unit, .. } = figure;
            write!(f, "  {name:<46} {:>17} {unit}", figure.show(figure.value))?;
            if let Some(limit) = figure.limit {
                write!(f, "  (at most {})", figure.show(limit))?;
            }
            if let Some(target) = figure.target {
                write!(f, "  (to come down to {})", figure.show(target))?;
            }
            writeln!(f)?;
        }
        let exceeded = self.list.iter().filter(|figure| !figure.is_within_limit());
        for figure in exceeded {
            writeln!(f, "  FAILED: {} is too much", figure.name.trim())?;
        }
        Ok(())
    }
}

/// A whole number as people read it: 1,234,567.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
const fn exactly(count: u64) -> f64 {
    count as f64
}

/// A count is written without a fraction.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn whole_if_possible<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    #[allow(clippy::cast_sign_loss, reason = "figures are not negative")]
    let whole = *value as u64;
    let is_whole = exactly(whole).to_bits() == value.to_bits();
    if is_whole {
        serializer.serialize_u64(whole)
    } else {
        serializer.serialize_f64(*value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        let mut figures = Figures::new("boot");
        figures.count("instructions", 31_000_000, "").target(1000);
        figures.ratio("pxHV to native", 33, 30, Some(1.1));
        figures
    }

    #[test]
    fn a_ratio_above_its_limit_fails() {
        let mut figures = figures();
        assert!(figures.are_within_limits(), "1.1 is not more than 1.1");
        assert!(!figures.to_string().contains("FAILED"));
        figures.ratio("  too much", 34, 30, Some(1.1));
        assert!(!figures.are_within_limits());
        assert!(figures.to_string().contains("FAILED: too much"), "{figures}");
    }

    #[test]
    fn a_target_that_is_missed_does_not_fail_and_a_limit_of_a_count_does() {
        let mut figures = figures();
        assert!(figures.are_within_limits());
        figures.count("entries", 5001, "").limit(5000);
        assert!(!figures.are_within_limits());
    }

    #[test]
    fn the_table_is_for_people() {
        let text = figures().to_string();
        assert!(text.contains(" 31,000,000   (to come down to 1,000)\n"), "{text}");
        assert!(text.contains("1.1000 x  (at most 1.1000)"), "{text}");
        assert_eq!([0.0, 999.0, 1000.0].map(grouped), ["0", "999", "1,000"]);
    }

    #[test]
    fn what_is_not_ours_is_not_compared() {
        let mut figures = figures();
        figures.reference("without pxHV", 5, "instructions");
        let compared: Vec<_> = figures.list.iter().filter(|figure| figure.compared).collect();
        assert_eq!(compared.len(), 1);
        assert_eq!(compared[0].name, "instructions");
    }
}
