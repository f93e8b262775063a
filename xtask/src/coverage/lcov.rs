//! Line counts in the lcov format (lcov, geninfo(1), "FILES"), less those of test code.

use std::collections::BTreeMap;
use std::path::Path;

/// What was executed, by file.
#[derive(Debug, Default)]
pub struct Coverage {
    files: BTreeMap<String, Lines>,
}

/// Lines with code in a file, and whether each was executed.
type Lines = BTreeMap<usize, bool>;

impl Coverage {
    /// Reads `text`; keeps what is below `source` and is no test code. `read` gives the text of a file.
    pub fn parse(text: &str, source: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Self {
        let mut coverage = Self::default();
        let mut file = None;
        for line in text.lines() {
            if let Some(path) = line.strip_prefix("SF:") {
                let name = Path::new(path).strip_prefix(source).ok().map(|name| name.display().to_string());
                file = name.filter(|name| !is_test_file(name)).map(|name| {
                    let tests = read(Path::new(path)).map(|text| test_lines(&text)).unwrap_or_default();
                    (coverage.files.entry(name).or_default(), tests)
                });
            } else if let (Some((lines, tests)), Some((number, count))) = (&mut file, data(line)) {
                if !tests.get(number).is_some_and(|is_test| *is_test) {
                    *lines.entry(number).or_default() |= count > 0;
                }
            }
        }
        coverage.files.retain(|_, lines| !lines.is_empty());
        coverage
    }

    /// Percentage of the lines that were executed.
    pub fn percent(&self) -> f64 {
        percent(self.files.values().map(executed).sum(), self.files.values().map(BTreeMap::len).sum())
    }

    /// A line for each file, and one for all.
    pub fn print(&self, name_lines: bool) {
        println!("{:<40} {:>6} {:>9} {:>8}", "file", "lines", "executed", "");
        for (name, lines) in &self.files {
            print_line(name, executed(lines), lines.len());
            let missed = missed(lines);
            if name_lines && !missed.is_empty() {
                println!("    not executed: {missed}");
            }
        }
        let all = self.files.values().map(BTreeMap::len).sum();
        print_line("all", self.files.values().map(executed).sum(), all);
    }
}

fn print_line(name: &str, executed: usize, all: usize) {
    println!("{name:<40} {all:>6} {executed:>9} {:>6.1} %", percent(executed, all));
}

fn executed(lines: &Lines) -> usize {
    lines.values().filter(|executed| **executed).count()
}

#[allow(clippy::cast_precision_loss, reason = "there are fewer than 2^52 lines")]
fn percent(part: usize, all: usize) -> f64 {
    if all == 0 {
        0.0
    } else {
        part as f64 * 100.0 / all as f64
    }
}

/// The lines that were not executed: `3-5, 9`.
fn missed(lines: &Lines) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for (number, _) in lines.iter().filter(|(_, executed)| !**executed) {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let shown = |(first, last)| if first == last { format!("{first}") } else { format!("{first}-{last}") };
    ranges.into_iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// `DA:line,count`.
fn data(line: &str) -> Option<(usize, u64)> {
    let (number, count) = line.strip_prefix("DA:")?.split_once(',')?;
    Some((number.parse().ok()?, count.parse().ok()?))
}

/// Whether a file of the crate is compiled for tests only.
fn is_test_file(name: &str) -> bool {
    let parts = Path::new(name).with_extension("");
    let mut parts = parts.iter().map(|part| part.to_string_lossy());
    parts.any(|part| ["tests", "test_host", "mock", "testing"].contains(&part.as_ref()))
}

/// Whether each line of a file, counted from 1, is in an item for tests only: from its `#[cfg(test)]` to the brace
/// that ends it.
fn test_lines(text: &str) -> Vec<bool> {
    let mut in_test = false;
    let mut lines = vec![false];
    for line in text.lines() {
        in_test |= line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(any(test,");
        lines.push(in_test);
        // rustfmt indents all of an item but its last line.
        in_test &= !(line == "}" || (line.ends_with(';') && !line.starts_with(' ')));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const LCOV: &str = "SF:/src/pc.rs\nDA:1,2\nDA:2,0\nDA:3,0\nDA:5,1\nDA:7,0\nend_of_record\n\
        SF:/src/pc/tests.rs\nDA:1,1\nend_of_record\nSF:/elsewhere/a.rs\nDA:1,0\nend_of_record\n\
        SF:/src/pc.rs\nDA:2,0\nDA:3,1\nend_of_record\n";

    fn sample(text: &'static str) -> Coverage {
        Coverage::parse(LCOV, Path::new("/src"), &|_| Some(text.into()))
    }

    #[test]
    fn lines_of_several_programs_are_joined() {
        let coverage = sample("");
        assert_eq!(coverage.files.len(), 1, "neither tests nor other crates");
        let lines = &coverage.files["pc.rs"];
        assert_eq!((executed(lines), lines.len(), missed(lines).as_str()), (3, 5, "2, 7"));
        assert!((coverage.percent() - 60.0).abs() < 1e-9);
    }

    #[test]
    fn items_for_tests_do_not_count() {
        let coverage = sample("a\n#[cfg(test)]\nmod tests {\n    b\n    c\n}\nd\n");
        assert_eq!(coverage.files["pc.rs"].keys().copied().collect::<Vec<_>>(), [1, 7]);
        let outside = test_lines("#[cfg(test)]\nmod tests;\nfn f() {}\n");
        assert_eq!(outside, [false, true, true, false]);
    }

    #[test]
    fn files_for_tests_are_known_by_their_names() {
        assert!(is_test_file("exits/mock.rs") && is_test_file("pic/tests/reference.rs"));
        assert!(!is_test_file("pic.rs") && !is_test_file("pc/effects.rs"));
    }

    #[test]
    fn missed_lines_are_ranges() {
        let lines = [(1, false), (2, false), (4, true), (5, false)].into();
        assert_eq!(missed(&lines), "1-2, 5");
    }
}
