//! Figures in a file: the format of `--json` and of bench/baseline.json, which docs/performance.md describes.

use super::figures::Figures;
use anyhow::{ensure, Context as _, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The version of the format. Another one is not read.
const SCHEMA: u32 = 1;

/// What a file has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    schema: u32,
    /// What each measurement found.
    pub measurements: Vec<Figures>,
}

impl Record {
    /// These figures.
    pub fn new(measurements: Vec<Figures>) -> Self {
        Self { schema: SCHEMA, measurements }
    }

    /// What the measurement of that name found.
    pub fn find(&self, name: &str) -> Option<&Figures> {
        self.measurements.iter().find(|figures| figures.name == name)
    }

    /// Puts new figures in the places of those of the same measurements, and others behind them.
    pub fn update(&mut self, new: &[Figures]) {
        for figures in new {
            match self.measurements.iter_mut().find(|old| old.name == figures.name) {
                Some(old) => *old = figures.clone(),
                None => self.measurements.push(figures.clone()),
            }
        }
    }

    /// As text.
    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Reads the text of [`Record::json`].
    pub fn parse(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let Version { schema } = serde_json::from_str(text)?;
        ensure!(schema == SCHEMA, "its format is version {schema}, and version {SCHEMA} is known");
        Ok(serde_json::from_str(text)?)
    }

    /// Reads a file; None if there is none.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                Self::parse(&text).map(Some).with_context(|| format!("can't read {}", path.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
        }
    }

    /// Writes a file.
    pub fn save(&self, path: &Path) -> Result<()> {
        crate::image::write(path, self.json()?.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Record {
        let mut boot = Figures::new("boot");
        boot.depend_on("rustc", "1.95.0");
        boot.count("all", 9_007_199_254_740_991, "instructions").limit(10_000_000_000_000_000).target(5);
        boot.reference("native", 30, "");
        // A number that a quick reader of decimals takes for its neighbour.
        boot.ratio("to native", 1, 3, Some(1.1)).value = 0.933_213_389_168_719_3;
        Record::new(vec![boot, Figures::new("empty")])
    }

    #[test]
    fn what_was_written_is_read_back() {
        let record = sample();
        assert_eq!(Record::parse(&record.json().unwrap()).unwrap(), record);
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("record.json");
        assert_eq!(Record::load(&file).unwrap(), None);
        record.save(&file).unwrap();
        assert_eq!(Record::load(&file).unwrap(), Some(record));
    }

    #[test]
    fn the_format_is_what_the_document_says() {
        let json: serde_json::Value = serde_json::from_str(&sample().json().unwrap()).unwrap();
        assert_eq!(json["schema"], 1);
        let boot = &json["measurements"][0];
        assert_eq!((&boot["name"], &boot["made_with"]["rustc"]), (&"boot".into(), &"1.95.0".into()));
        let figure = serde_json::json!({
            "name": "all", "value": 9_007_199_254_740_991_u64, "unit": "instructions",
            "limit": 1e16, "target": 5.0, "compared": true,
        });
        assert_eq!(boot["figures"][0], figure);
        assert_eq!(boot["figures"][1]["compared"], false);
        assert!(boot["figures"][1].get("limit").is_none());
    }

    #[test]
    fn other_formats_are_refused_in_words() {
        let error = Record::parse("{\"schema\": 2}").unwrap_err().to_string();
        assert_eq!(error, "its format is version 2, and version 1 is known");
        assert!(Record::parse("{\"schema\": 1}").is_err());
        assert!(Record::parse("").is_err());
    }

    #[test]
    fn measurements_that_were_not_made_stay() {
        let mut record = sample();
        let mut new = Figures::new("empty");
        new.count("something", 1, "");
        record.update(&[new.clone(), Figures::new("more")]);
        assert_eq!(record.find("empty"), Some(&new));
        assert_eq!(record.find("boot"), sample().find("boot"));
        assert_eq!(record.measurements.len(), 3);
    }
}
