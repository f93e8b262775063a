//! Figures for the tests of pictures.

use crate::bench::figures::{Figure, Figures};

/// Counts of instructions, all with the same name.
pub fn of(name: &str, values: &[u64]) -> Vec<Figure> {
    let mut figures = Figures::new("sample");
    for value in values {
        figures.count(name, *value, "instructions");
    }
    figures.list
}

/// As pictures take them.
pub fn refs(figures: &[Figure]) -> Vec<&Figure> {
    figures.iter().collect()
}
