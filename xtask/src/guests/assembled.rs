//! Guests that are one NASM source: assembled when a configuration names them.

use super::products::without_dots;
use crate::{assemble, image, project};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// What was made of `path`, if that is a source: target/guests/NAME-NUMBER.bin, with a number for each source. Made anew
/// each time, which takes less than a second. A source that does not exist is like any other file that does not.
pub fn provide(path: &Path) -> Option<Result<PathBuf>> {
    let is_source = path.extension().is_some_and(|extension| extension == "asm") && path.is_file();
    is_source.then(|| assembled(path).with_context(|| format!("can't assemble {}", project::shown(path))))
}

fn assembled(path: &Path) -> Result<PathBuf> {
    let source = without_dots(&std::path::absolute(path)?);
    let name = source.file_stem().context("a source has a name")?.to_string_lossy();
    let number = bundle::checksum(source.as_os_str().as_encoded_bytes());
    let output = project::target().join("guests").join(format!("{name}-{number:08x}.bin"));
    image::write(&output, &assemble::source(&source)?)?;
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_assembled_and_other_files_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("sector.asm");
        std::fs::write(&source, "bits 16\n%include \"lib/mode.inc\"\nhlt\ndw PIC_VECTORS\n").unwrap();
        let binary = provide(&source).unwrap().unwrap();
        assert_eq!(std::fs::read(&binary).unwrap(), [0xf4, 0x20, 0]);

        // Another one of this name, which changes.
        let other = directory.path().join("other/../../").join(directory.path().file_name().unwrap());
        std::fs::create_dir(directory.path().join("other")).unwrap();
        assert_eq!(provide(&other.join("sector.asm")).unwrap().unwrap(), binary, "the same, by another path");
        let source = directory.path().join("other/sector.asm");
        for (text, bytes) in [("nop", [0x90]), ("hlt", [0xf4])] {
            std::fs::write(&source, text).unwrap();
            let second = provide(&source).unwrap().unwrap();
            assert_ne!(second, binary);
            assert_eq!(std::fs::read(&second).unwrap(), bytes);
            std::fs::remove_file(second).unwrap();
        }
        std::fs::remove_file(binary).unwrap();

        for no_source in ["sector.asm.bin", "asm"] {
            let path = directory.path().join(no_source);
            std::fs::write(&path, "hlt").unwrap();
            assert!(provide(&path).is_none());
        }
        assert!(provide(&directory.path().join("nowhere.asm")).is_none());
    }

    #[test]
    fn a_source_that_is_wrong_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("wrong.asm");
        std::fs::write(&source, "jump around\n").unwrap();
        assert!(format!("{:#}", provide(&source).unwrap().unwrap_err()).contains("wrong.asm"));
    }
}
