//! Lines of code: those that are neither empty nor comment nor part of a test.

use anyhow::{Context as _, Result};
use std::path::Path;

/// Where code is, each with all below it.
const ROOMS: [&str; 10] = [
    "stage1",
    "stage2",
    "stage3/hypervisor",
    "stage3/machine",
    "stage3/architecture",
    "stage3/monitor",
    "stage3/scheduler",
    "stage3/bundle",
    "guests",
    "xtask",
];
/// Folders of tests.
const TESTS: [&str; 1] = ["tests"];
/// A file of tests.
const TEST_FILE: &str = "tests.rs";

/// The rooms of the checkout, and how many lines each has.
pub fn of_all(root: &Path) -> Result<Vec<(&'static str, u64)>> {
    ROOMS.into_iter().map(|room| Ok((room, of_folder(&root.join(room))?))).collect()
}

fn of_folder(folder: &Path) -> Result<u64> {
    let cant_read = || format!("can't read {}", folder.display());
    let mut lines = 0;
    for entry in std::fs::read_dir(folder).with_context(cant_read)? {
        let entry = entry.with_context(cant_read)?;
        let (path, name) = (entry.path(), entry.file_name());
        if entry.file_type()?.is_dir() {
            if !TESTS.iter().any(|tests| name == *tests) {
                lines += of_folder(&path)?;
            }
        } else if name != TEST_FILE {
            lines += of_file(&path)?;
        }
    }
    Ok(lines)
}

fn of_file(path: &Path) -> Result<u64> {
    let count = match path.extension().and_then(|extension| extension.to_str()) {
        Some("rs") => rust,
        Some("asm" | "inc") => assembly,
        Some("c" | "h") => c,
        _ => return Ok(0),
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    Ok(count(&text))
}

fn count<'a>(lines: impl Iterator<Item = &'a str>, comments: &[&str]) -> u64 {
    let is_code = |line: &&str| {
        let line = line.trim_start();
        !line.is_empty() && !comments.iter().any(|comment| line.starts_with(comment))
    };
    lines.filter(is_code).count() as u64
}

fn assembly(text: &str) -> u64 {
    count(text.lines(), &[";"])
}

/// No line of a comment in C begins without an asterisk here.
fn c(text: &str) -> u64 {
    count(text.lines(), &["//", "/*", "*"])
}

/// As rustfmt lays it out: an item ends with a line that has only its indentation and a brace, or within its first line.
fn rust(text: &str) -> u64 {
    let mut kept = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(indentation) = line.strip_suffix("#[cfg(test)]") else {
            kept.push(line);
            continue;
        };
        let is_attribute = |line: &&str| line.trim_start().starts_with("#[");
        if lines.find(|line| !is_attribute(line)).is_some_and(|first| first.ends_with('{')) {
            let end = format!("{indentation}}}");
            lines.find(|line| *line == end);
        }
    }
    count(kept.into_iter(), &["//"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_empty_lines_are_no_code() {
        assert_eq!(assembly("; head\n\nstart:\tmov ax, 1  ; one\n    ; more\n  hlt\n"), 2);
        assert_eq!(c("/* head\n * more */\nint a;  /* a */\n// b\n\n"), 1);
        assert_eq!(rust("//! Head.\n\n/// A.\nfn a() {\n    // Nothing.\n}\n"), 2);
    }

    #[test]
    fn tests_are_no_code() {
        let text =
            "#[cfg(test)]\nmod tests;\nfn a() {\n    #[cfg(test)]\n    {\n        b();\n    }\n    c();\n}\n\
            #[cfg(test)]\n#[allow(dead_code)]\nmod more {\n    fn d() {\n    }\n}\nfn e() {}\n";
        assert_eq!(rust(text), 4, "three of a, one of e");
    }

    #[test]
    fn folders_are_counted_without_their_tests() {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("a.rs", "fn a() {}\n"),
            ("a/tests.rs", "fn b() {}\n"),
            ("a/tests/c.rs", "fn c() {}\n"),
            ("a/d/e.asm", "nop\nnop\n"),
            ("a/d/picture.bin", "\n1\n"),
        ] {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        assert_eq!(of_folder(root.path()).unwrap(), 3);
        assert!(of_folder(&root.path().join("nothing")).is_err());
    }
}
