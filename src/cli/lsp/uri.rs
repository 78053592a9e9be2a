//! Files as editors name them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use lsp_types::Uri;

/// Where a text lies, whatever links lead there; of one that was never saved, a place in the folder where the server runs.
pub fn path_of(uri: &Uri) -> PathBuf {
    let text = uri.as_str();
    let Some(rest) = text.strip_prefix("file://") else {
        let name: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let folder = std::env::current_dir().unwrap_or_default();
        return folder.join(format!("{name}.ssl"));
    };
    // `file://host/path`: the host is this machine
    let rest = &rest[rest.find('/').unwrap_or(0)..];
    let path = decoded(rest);
    // `/C:/recipes`
    let drive = path.as_bytes().get(2) == Some(&b':') && cfg!(windows);
    real(Path::new(if drive { &path[1..] } else { &path }))
}

/// A path without links, as far as it is there.
pub fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent().map(Path::canonicalize), path.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let code = code.and_then(|two| u8::from_str_radix(two, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The name of a file for an editor.
pub fn uri_of(path: &Path) -> Option<Uri> {
    let mut out = String::from("file://");
    let text = path.to_string_lossy().replace('\\', "/");
    if !text.starts_with('/') {
        out.push('/');
    }
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                out.push(byte as char);
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    Uri::from_str(&out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_again() {
        for path in ["/a/b.ssl", "/снимки/мои 1.ssl", "/a/🦀#?%.ssl"] {
            let uri = uri_of(Path::new(path)).expect("a uri");
            assert_eq!(path_of(&uri), Path::new(path), "{}", uri.as_str());
        }
        let uri = Uri::from_str("untitled:Untitled-1").expect("a uri");
        assert!(
            path_of(&uri)
                .to_string_lossy()
                .ends_with("untitledUntitled1.ssl")
        );
    }
}
