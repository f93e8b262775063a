//! The figures of a measurement: a table for people, JSON for programs.

use anyhow::Result;
use serde::Serialize;
use std::fmt;

/// A figure.
#[derive(Debug, Serialize)]
struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    /// More than that is too much.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
}

/// What a measurement found.
#[derive(Debug, Serialize)]
pub struct Figures {
    name: &'static str,
    figures: Vec<Figure>,
}

impl Figures {
    /// Nothing yet.
    pub const fn new(name: &'static str) -> Self {
        Self { name, figures: Vec::new() }
    }

    /// Adds a number of something.
    pub fn count(&mut self, what: impl Into<String>, value: u64, unit: &'static str) {
        #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        self.figures.push(Figure { what: what.into(), value: value as f64, unit, limit: None });
    }

    /// Adds a number of something of which there may be at most `limit`.
    pub fn count_at_most(&mut self, what: impl Into<String>, value: u64, unit: &'static str, limit: u64) {
        #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let (value, limit) = (value as f64, Some(limit as f64));
        self.figures.push(Figure { what: what.into(), value, unit, limit });
    }

    /// Adds `part` divided by `whole`, which may be at most `limit`.
    pub fn ratio(&mut self, what: impl Into<String>, part: u64, whole: u64, limit: Option<f64>) {
        #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let value = part as f64 / whole as f64;
        self.figures.push(Figure { what: what.into(), value, unit: "x", limit });
    }

    /// Whether nothing is too much.
    pub fn are_within_limits(&self) -> bool {
        self.figures.iter().all(Figure::is_within_limit)
    }
}

impl Figure {
    fn is_within_limit(&self) -> bool {
        self.limit.is_none_or(|limit| self.value <= limit)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Figure { what, value, unit, limit } in &self.figures {
            let is_ratio = *unit == "x";
            let value = if is_ratio { format!("{value:.4}") } else { grouped(*value) };
            write!(f, "  {what:<46} {value:>17} {unit}")?;
            if let Some(limit) = limit {
                let limit = if is_ratio { format!("{limit:.3}") } else { grouped(*limit) };
                write!(f, "  (at most {limit})")?;
            }
            writeln!(f)?;
        }
        let exceeded = self.figures.iter().filter(|figure| !figure.is_within_limit());
        for figure in exceeded {
            writeln!(f, "  FAILED: {} is too much", figure.what)?;
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

/// A list of measurements, each with its figures.
pub fn json(all: &[Figures]) -> Result<String> {
    Ok(serde_json::to_string_pretty(all)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        let mut figures = Figures::new("boot");
        figures.count("instructions", 31_000_000, "");
        figures.ratio("pxHV to native", 33, 30, Some(1.1));
        figures
    }

    #[test]
    fn a_ratio_above_its_limit_fails() {
        let mut figures = figures();
        assert!(figures.are_within_limits(), "1.1 is not more than 1.1");
        assert!(!figures.to_string().contains("FAILED"));
        figures.count_at_most("entries", 1000, "", 1000);
        assert!(
            figures.are_within_limits() && figures.to_string().contains("1,000   (at most 1,000)"),
            "{figures}"
        );
        figures.count_at_most("too many", 1001, "", 1000);
        assert!(figures.to_string().contains("FAILED: too many"), "{figures}");
        figures.ratio("too much", 34, 30, Some(1.1));
        assert!(!figures.are_within_limits());
        assert!(figures.to_string().contains("FAILED: too much"), "{figures}");
    }

    #[test]
    fn the_table_is_for_people_and_json_for_programs() {
        let text = figures().to_string();
        assert!(text.contains(" 31,000,000 \n") && text.contains("1.1000 x  (at most 1.100)"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&json(&[figures()]).unwrap()).unwrap();
        assert_eq!(json[0]["name"], "boot");
        assert_eq!(json[0]["figures"][0]["value"], 31e6);
        assert_eq!(json[0]["figures"][1]["limit"], 1.1);
        assert_eq!([0.0, 999.0, 1000.0].map(grouped), ["0", "999", "1,000"]);
    }
}
