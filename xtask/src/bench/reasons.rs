//! Why a guest was left: pxHV's own counters, as its monitor shows them.

use super::asking::Asking;
use super::figures::Shape;
use super::Figures;
use crate::control::Answer;
use anyhow::{bail, Context as _, Result};

/// The line above them in the monitor's answer.
const HEAD: [&str; 4] = ["EXITS", "COUNT", "OF", "ALL"];
/// The line below.
const ALL: &str = "all";

/// Asks for those of the first VM when the console ends with `at`.
pub const fn asking(at: &str) -> Asking<'_> {
    Asking { at, commands: &["stats 1"] }
}

/// Adds the reasons that were there, the most frequent one first. They are not compared with those of other runs, as their
/// sum is: an exit for a cheaper reason is no loss.
pub fn add(figures: &mut Figures, answers: &[Answer]) -> Result<()> {
    let [stats] = answers else { bail!("the monitor was not asked") };
    let mut reasons = read(&stats.lines)?;
    reasons.retain(|(_, count)| *count > 0);
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (reason, count) in reasons {
        figures.reference(format!("  exits by {reason}"), count, "").drawn(Shape::Bar);
    }
    Ok(())
}

/// Reasons and counts.
fn read(lines: &[String]) -> Result<Vec<(String, u64)>> {
    let is_head = |line: &&String| line.split_whitespace().eq(HEAD);
    let rows = lines.iter().skip_while(|line| !is_head(line)).skip(1);
    let rows = rows.map(|row| {
        // "device memory   3000   75.0 %"
        let mut words: Vec<_> = row.split_whitespace().collect();
        words.truncate(words.len().saturating_sub(2));
        let count = words.pop().and_then(|word| word.parse().ok());
        Ok((words.join(" "), count.with_context(|| format!("no count: {row}"))?))
    });
    let mut rows = rows.collect::<Result<Vec<(String, u64)>>>()?;
    match rows.pop() {
        Some((name, all)) if name == ALL && all == rows.iter().map(|(_, count)| count).sum::<u64>() => {
            Ok(rows)
        }
        _ => bail!("no table of exits: {lines:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATS: &str = "TIME                        FOR  OF ALL\nin the guest            7.000 s  70.0 %\n\
        share of the computer lately: 80.5 %\nEXITS  COUNT   OF ALL\nHLT     1000   25.0 %\nCPUID      0    0.0 %\n\
        device memory   3000   75.0 %\nall     4000  100.0 %";

    fn answer(text: &str) -> Answer {
        Answer { lines: text.lines().map(str::to_owned).collect(), error: None }
    }

    #[test]
    fn the_monitors_table_is_read() {
        let mut figures = Figures::new("boot");
        add(&mut figures, &[answer(STATS)]).unwrap();
        let found: Vec<_> = figures.list.iter().map(|figure| (figure.name.as_str(), figure.value)).collect();
        assert_eq!(found, [("  exits by device memory", 3000.0), ("  exits by HLT", 1000.0)]);
        assert!(figures.list.iter().all(|figure| !figure.compared));
    }

    #[test]
    fn another_answer_is_an_error() {
        let mut figures = Figures::new("boot");
        assert!(add(&mut figures, &[]).is_err());
        for wrong in
            ["", "EXITS COUNT OF ALL", &STATS.replace("4000", "4001"), &STATS.replace("1000", "some")]
        {
            assert!(add(&mut figures, &[answer(wrong)]).is_err(), "{wrong}");
        }
    }
}
