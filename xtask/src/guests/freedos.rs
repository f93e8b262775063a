//! FreeDOS's boot floppy: from FreeDOS's own site, since no Debian package has it.

use super::products::without_dots;
use super::{fetch, zip};
use crate::progress::Step;
use crate::{image, packages, project};
use anyhow::{ensure, Context, Result};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The image, relative to the checkout.
const FILE: &str = "guests/freedos/freedos.img";
/// Names another image.
pub const VARIABLE: &str = "PXHV_FREEDOS_IMAGE";

/// The floppy edition of FreeDOS 1.4. The checksum stands in https://www.freedos.org/download/verify.txt, too.
const ARCHIVE: &str = "https://download.freedos.org/1.4/FD14-FloppyEdition.zip";
const ARCHIVE_SHA256: &str = "45b1fa7c52dd996c3bfa5e352ffcd410781b952a6ad629f15a4c9ec4bbaefc5a";
/// Its boot floppy of 1.44 MB.
const IMAGE: &str = "144m/x86BOOT.img";

/// Programs that fetch a URL to their output.
const FETCHERS: [(&str, &[&str]); 2] = [("curl", &["-fsSL"]), ("wget", &["-qO-"])];

/// The file to read in place of `path`, if that is the image: one that the user names, one that was fetched before, or
/// one that is fetched now.
pub fn provide(path: &Path) -> Option<Result<PathBuf>> {
    let image = project::root().join(FILE);
    if without_dots(&std::path::absolute(path).ok()?) != image {
        return None;
    }
    if let Some(own) = std::env::var_os(VARIABLE) {
        return Some(Ok(own.into()));
    }
    if !image.exists() {
        let fetched = fetch().and_then(|bytes| image::write(&image, &bytes));
        let advice =
            || format!("can't fetch {FILE}; set {VARIABLE} to the image of a FreeDOS floppy that you have");
        if let Err(error) = fetched.with_context(advice) {
            return Some(Err(error));
        }
    }
    Some(Ok(image))
}

fn fetch() -> Result<Vec<u8>> {
    let fetcher = FETCHERS.iter().find(|(program, _)| packages::has_program(program));
    let (program, options) = fetcher.context("neither curl nor wget is here; install one")?;
    let step = Step::start(&format!("downloading {ARCHIVE}"));
    let output = Command::new(program).args(*options).arg(ARCHIVE).output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} can't fetch {ARCHIVE}: {}", complaint.trim());
    let sha256 = fetch::hexadecimal(&Sha256::digest(&output.stdout));
    ensure!(sha256 == ARCHIVE_SHA256, "{ARCHIVE} is not what it was: SHA-256 {sha256}");
    let image = zip::file(&output.stdout, IMAGE).with_context(|| format!("{ARCHIVE} has no {IMAGE}"))?;
    step.done(&format!("downloaded {IMAGE} of {ARCHIVE} (SHA-256 verified)"));
    Ok(image)
}
