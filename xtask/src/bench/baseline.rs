//! bench/baseline.json: counts that must not grow unnoticed.

use super::figures::{Figure, Figures};
use super::record::Record;
use std::fmt;

/// Where it is in the checkout.
pub const FILE: &str = "bench/baseline.json";
/// How many per cent a count may be above it.
const TOLERANCE: f64 = 3.0;
/// The same where it was made with other tools: another compiler's code has another size, and so has a `core` that was
/// compiled for speed.
const TOLERANCE_OF_OTHERS: f64 = 25.0;

/// What is different from the baseline.
#[derive(Debug, PartialEq)]
pub enum Difference {
    /// A count is so much more that the check fails.
    Worse(Change),
    /// A count is so much less that the baseline should be made anew.
    Better(Change),
    /// The baseline was made with another version of something.
    MadeWith { measurement: String, what: String, then: String, now: String },
    /// There is no such measurement or figure in the baseline.
    New(String),
    /// It is in the baseline only.
    Gone(String),
}

/// A count that changed.
#[derive(Debug, PartialEq)]
pub struct Change {
    /// Measurement and figure.
    figure: String,
    old: String,
    new: String,
    /// By how many per cent of the old one: more if positive.
    percent: f64,
}

/// Compares what was measured with the baseline. `all`: what was not measured should have been.
pub fn compare(baseline: &Record, measured: &[Figures], all: bool) -> Vec<Difference> {
    let mut found = Vec::new();
    for figures in measured {
        match baseline.find(&figures.name) {
            Some(old) => compare_figures(old, figures, &mut found),
            None => found.push(Difference::New(figures.name.to_string())),
        }
    }
    let is_measured = |old: &&Figures| measured.iter().any(|figures| figures.name == old.name);
    if all {
        let gone = baseline.measurements.iter().filter(|old| !is_measured(old));
        found.extend(gone.map(|old| Difference::Gone(old.name.to_string())));
    }
    found
}

fn compare_figures(old: &Figures, new: &Figures, found: &mut Vec<Difference>) {
    let mut tolerance = TOLERANCE;
    for (what, now) in &new.made_with {
        let then = old.made_with.get(what).map_or("nothing known", String::as_str);
        if then != now {
            tolerance = TOLERANCE_OF_OTHERS;
            let (measurement, what) = (new.name.to_string(), what.clone());
            found.push(Difference::MadeWith { measurement, what, then: then.into(), now: now.clone() });
        }
    }
    let full_name = |figure: &Figure| format!("{}, {}", new.name, figure.name.trim());
    for figure in new.list.iter().filter(|figure| figure.compared) {
        let Some(old) = old.find(&figure.name) else {
            found.push(Difference::New(full_name(figure)));
            continue;
        };
        let percent = percent(old.value, figure.value);
        if percent.abs() > tolerance {
            let (old, new) = (figure.show(old.value), figure.show(figure.value));
            let change = Change { figure: full_name(figure), old, new, percent };
            found.push(if percent > 0.0 { Difference::Worse(change) } else { Difference::Better(change) });
        }
    }
    let gone = old.list.iter().filter(|old| old.compared && new.find(&old.name).is_none());
    found.extend(gone.map(|old| Difference::Gone(full_name(old))));
}

/// How many per cent of `old` `new` is more.
fn percent(old: f64, new: f64) -> f64 {
    if old > 0.0 {
        (new - old) * 100.0 / old
    } else if new > old {
        f64::INFINITY
    } else {
        0.0
    }
}

/// Prints what is different and what to do. Whether nothing grew.
pub fn report(differences: &[Difference]) -> bool {
    let failed = differences.iter().filter(|difference| matches!(difference, Difference::Worse(_))).count();
    println!("\ncompared with {FILE}:");
    for difference in differences {
        println!("  {difference}");
    }
    if failed > 0 {
        println!(
            "  {failed} too much. Find what made it dearer: git log, and the counts before it. If it has to be so, write\n  \
             the baseline anew by `cargo xtask bench --save-baseline`, and commit {FILE} with the reason."
        );
    } else if differences.is_empty() {
        println!("  everything is as it was, within {TOLERANCE} %");
    } else {
        println!("  nothing grew. `cargo xtask bench --save-baseline` makes these figures the new baseline.");
    }
    failed == 0
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worse(change) => write!(f, "FAILED  {change} more"),
            Self::Better(change) => write!(f, "better  {change} less"),
            Self::MadeWith { measurement, what, then, now } => write!(
                f,
                "OTHER {} for {measurement}: {now}, and the baseline's is {then}; {TOLERANCE_OF_OTHERS} % are allowed",
                what.to_uppercase()
            ),
            Self::New(what) => write!(f, "NOT COMPARED: {what} is not in the baseline"),
            Self::Gone(what) => write!(f, "NOT COMPARED: {what} is in the baseline, and was not measured"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { figure, old, new, percent } = self;
        write!(f, "{figure}: {old} -> {new}, {:.1} %", percent.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(counts: &[(&'static str, u64)]) -> Figures {
        let mut figures = Figures::new("exits");
        figures.depend_on("rustc", "1.95");
        for (name, count) in counts {
            figures.count(*name, *count, "instructions");
        }
        figures
    }

    /// What is printed about the difference between two measurements.
    fn said(old: Figures, new: &[Figures], all: bool) -> Vec<String> {
        compare(&Record::new(vec![old]), new, all).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn more_than_the_tolerance_fails_and_less_is_a_hint() {
        let old = figures(&[("cpuid", 1000), ("in", 1000), ("out", 1000), ("hlt", 1000)]);
        let new = figures(&[("cpuid", 1030), ("in", 1031), ("out", 970), ("hlt", 969)]);
        let differences = compare(&Record::new(vec![old.clone()]), std::slice::from_ref(&new), true);
        assert!(!report(&differences));
        assert_eq!(
            said(old.clone(), &[new], true),
            ["FAILED  exits, in: 1,000 -> 1,031, 3.1 % more", "better  exits, hlt: 1,000 -> 969, 3.1 % less"]
        );
        assert!(report(&compare(&Record::new(vec![old.clone()]), &[old], true)));
    }

    #[test]
    fn something_out_of_nothing_is_too_much() {
        assert_eq!(
            said(figures(&[("in", 0)]), &[figures(&[("in", 1)])], true),
            ["FAILED  exits, in: 0 -> 1, inf % more"]
        );
        assert!(said(figures(&[("in", 0)]), &[figures(&[("in", 0)])], true).is_empty());
    }

    #[test]
    fn only_counts_of_ours_are_compared() {
        let mut old = figures(&[]);
        old.reference("without pxHV", 100, "instructions");
        old.ratio("to it", 100, 100, None);
        let mut new = figures(&[]);
        new.reference("without pxHV", 200, "instructions");
        new.ratio("to it", 100, 50, None);
        assert!(said(old, &[new], true).is_empty());
    }

    #[test]
    fn other_tools_are_named_and_may_differ_more() {
        let old = figures(&[("cpuid", 1000), ("in", 1000)]);
        let mut new = figures(&[("cpuid", 1250), ("in", 1251)]);
        new.depend_on("rustc", "1.99");
        assert_eq!(
            said(old, &[new], true),
            [
                "OTHER RUSTC for exits: 1.99, and the baseline's is 1.95; 25 % are allowed",
                "FAILED  exits, in: 1,000 -> 1,251, 25.1 % more",
            ]
        );
    }

    #[test]
    fn what_is_missing_on_either_side_is_said() {
        let (old, new) = (figures(&[("cpuid", 1)]), figures(&[("in", 1)]));
        let differences = said(old.clone(), &[new, Figures::new("size")], true);
        assert_eq!(
            differences,
            [
                "NOT COMPARED: exits, in is not in the baseline",
                "NOT COMPARED: exits, cpuid is in the baseline, and was not measured",
                "NOT COMPARED: size is not in the baseline",
            ]
        );
        assert_eq!(
            said(old.clone(), &[], true),
            ["NOT COMPARED: exits is in the baseline, and was not measured"]
        );
        assert!(said(old, &[], false).is_empty(), "it was not asked for");
    }
}
