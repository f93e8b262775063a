//! FreeDOS's boot floppy, from FreeDOS's own site, since no Debian package has it; and a hard disk that is made of it.

mod disk;
mod fat;

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
/// The hard disk.
const DISK: &str = "guests/freedos/disk.img";
/// Names another image.
pub const VARIABLE: &str = "PXHV_FREEDOS_IMAGE";

/// The floppy edition of FreeDOS 1.4. The checksum stands in https://www.freedos.org/download/verify.txt, too.
const ARCHIVE: &str = "https://download.freedos.org/1.4/FD14-FloppyEdition.zip";
const ARCHIVE_SHA256: &str = "45b1fa7c52dd996c3bfa5e352ffcd410781b952a6ad629f15a4c9ec4bbaefc5a";
/// Its boot floppy of 1.44 MB.
const IMAGE: &str = "144m/x86BOOT.img";

/// Programs that fetch a URL to their output.
const FETCHERS: [(&str, &[&str]); 2] = [("curl", &["-fsSL"]), ("wget", &["-qO-"])];

/// The file to read in place of `path`, if that is the floppy's image (one that the user names, one that was fetched
/// before, or one that is fetched now) or the disk's, which is made of the floppy each time.
pub fn provide(path: &Path) -> Option<Result<PathBuf>> {
    let path = without_dots(&std::path::absolute(path).ok()?);
    let root = project::root();
    if path == root.join(DISK) {
        return Some(make_disk().with_context(|| format!("can't make {DISK}")));
    }
    (path == root.join(FILE)).then(floppy)
}

fn floppy() -> Result<PathBuf> {
    if let Some(own) = std::env::var_os(VARIABLE) {
        return Ok(own.into());
    }
    let image = project::root().join(FILE);
    if !image.exists() {
        let fetched = fetch().and_then(|bytes| image::write(&image, &bytes));
        fetched.with_context(|| {
            format!("can't fetch {FILE}; set {VARIABLE} to the image of a FreeDOS floppy that you have")
        })?;
    }
    Ok(image)
}

fn make_disk() -> Result<PathBuf> {
    let floppy = floppy()?;
    let bytes = std::fs::read(&floppy).with_context(|| format!("can't read {}", floppy.display()))?;
    let output = project::target().join("guests/freedos/disk.img");
    let disk = disk::make(&bytes).with_context(|| floppy.display().to_string())?;
    image::write(&output, &disk)?;
    Ok(output)
}

fn fetch() -> Result<Vec<u8>> {
    let step = Step::start(&format!("downloading {ARCHIVE}"));
    let archive = download(ARCHIVE)?;
    let image = unpack(&archive, ARCHIVE_SHA256, IMAGE).context(ARCHIVE)?;
    step.done(&format!("downloaded {IMAGE} of {ARCHIVE} (SHA-256 verified)"));
    Ok(image)
}

fn download(url: &str) -> Result<Vec<u8>> {
    let fetcher = FETCHERS.iter().find(|(program, _)| packages::has_program(program));
    let (program, options) = fetcher.context("neither curl nor wget is here; install one")?;
    let output = Command::new(program).args(*options).arg(url).output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} can't fetch {url}: {}", complaint.trim());
    Ok(output.stdout)
}

fn unpack(archive: &[u8], sha256: &str, name: &str) -> Result<Vec<u8>> {
    let found = fetch::hexadecimal(&Sha256::digest(archive));
    ensure!(found == sha256, "it is not what it was: SHA-256 {found}");
    zip::file(archive, name).with_context(|| format!("it has no {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    /// A site with one file, for one visitor. Returns its address.
    fn site(content: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut visitor, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let length = visitor.read(&mut request).unwrap();
            let is_there = request[..length].starts_with(b"GET /file ");
            let status = if is_there { "200 OK" } else { "404 Not Found" };
            let bytes = content.len();
            write!(visitor, "HTTP/1.1 {status}\r\nContent-Length: {bytes}\r\nConnection: close\r\n\r\n")
                .unwrap();
            visitor.write_all(content).unwrap();
        });
        format!("http://{address}/")
    }

    #[test]
    fn what_a_site_has_is_downloaded() {
        if !FETCHERS.iter().any(|(program, _)| packages::has_program(program)) {
            return;
        }
        assert_eq!(download(&format!("{}file", site(b"\0\xffbytes"))).unwrap(), b"\0\xffbytes");
        let error = download(&format!("{}gone", site(b"not here"))).unwrap_err().to_string();
        assert!(error.contains("can't fetch http://127.0.0.1:"), "{error}");
    }

    #[test]
    fn only_the_archive_with_the_checksum_is_unpacked() {
        let archive = zip::sample();
        let sha256 = fetch::hexadecimal(&Sha256::digest(&archive));
        assert_eq!(unpack(&archive, &sha256, "a/deflated").unwrap(), zip::TEXT);
        let error = unpack(&archive, &sha256, IMAGE).unwrap_err().to_string();
        assert_eq!(error, "it has no 144m/x86BOOT.img");
        let error = unpack(&archive[1..], &sha256, "a/deflated").unwrap_err().to_string();
        assert!(error.contains("is not what it was"), "{error}");
    }

    #[test]
    fn both_images_are_found_by_every_way_to_write_them_and_others_are_left_alone() {
        let root = project::root();
        assert!(provide(&root.join("guests/freedos/pxhv.toml")).is_none());
        assert!(provide(Path::new("/guests/freedos/freedos.img")).is_none());
        assert!(std::fs::read_to_string(root.join("tests/configs/freedos.toml")).unwrap().contains(DISK));
    }
}
