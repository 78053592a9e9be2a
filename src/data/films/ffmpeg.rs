//! Films that are read through the programs `ffprobe` and `ffmpeg`, by pipe.
//!
//! They are given one regular file, may open nothing else (no addresses, no lists of other files) and write to nothing but the pipe.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use super::{Each, Timeline, codec};
use crate::data::decode::{Look, of_rgb};
use crate::data::{DataError, regular, stop_asked};
use crate::language::visible_line;

/// Kinds of files that hold their pictures themselves: no playlists, no lists of files.
const KINDS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegvideo,mpegts,m4v,h264,hevc,flv,live_flv,asf,ogg,yuv4mpegpipe,mjpeg,ivf,gif,apng,dv,mxf,nut,rm,wtv,obu,av1";
/// Bytes of what a program complains of.
const COMPLAINT: u64 = 8 << 10;

/// What to do where a program is not there.
const INSTALL: &str = "install the package `ffmpeg` (`apt-get install ffmpeg`, `dnf install ffmpeg`, `brew install ffmpeg`), or convert the film to \
     Motion-JPEG elsewhere: `ffmpeg -i FILM -c:v mjpeg -q:v 3 film.avi`";

/// A program that ends when nobody reads it any more.
pub(super) struct Running {
    pub child: Child,
    complaint: Option<thread::JoinHandle<String>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Whether it ended well, and what it complained of.
    pub fn end(&mut self) -> (bool, String) {
        let well = self.child.wait().is_ok_and(|status| status.success());
        let said = self.complaint.take().and_then(|said| said.join().ok());
        (well, said.unwrap_or_default())
    }
}

/// A name that no program takes for an option or an address.
fn named(path: &Path) -> Result<OsString, DataError> {
    let whole = path.canonicalize();
    let whole = whole.map_err(|error| DataError::new(error.to_string()))?;
    let mut name = OsString::from("file:");
    name.push(whole);
    Ok(name)
}

/// Starts a program on a film.
pub(super) fn start(
    program: &str,
    path: &Path,
    before: &[&str],
    after: &[&str],
) -> Result<Running, DataError> {
    let name = named(path)?;
    let mut command = Command::new(program);
    command
        .args([
            "-v",
            "error",
            "-protocol_whitelist",
            "file",
            "-format_whitelist",
            KINDS,
        ])
        .args(before)
        .arg("-i")
        .arg(name)
        .args(after)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => missing(program, path),
        _ => DataError::new(format!("the program `{program}` does not start: {error}")),
    })?;
    let complaint = child.stderr.take().map(|stderr| {
        thread::spawn(move || {
            let mut said = Vec::new();
            let mut stderr = stderr;
            // what is more is read, so that nobody waits, and forgotten
            let _ = (&mut stderr).take(COMPLAINT).read_to_end(&mut said);
            let _ = io::copy(&mut stderr, &mut io::sink());
            visible_line(first_line(&String::from_utf8_lossy(&said))).into_owned()
        })
    });
    Ok(Running { child, complaint })
}

/// The first line of a complaint without the address of whatever complains: `[mov @ 0x55d0]`.
fn first_line(said: &str) -> &str {
    let line = said.lines().map(str::trim).find(|line| !line.is_empty());
    let line = line.unwrap_or("");
    match line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
    {
        Some((_, rest)) => rest,
        None => line,
    }
}

fn missing(program: &str, path: &Path) -> DataError {
    let what = regular::open(path).map_or("it is a film".into(), |file| codec::of(&file));
    DataError::new(format!(
        "{what}, which the program `{program}` reads, and that is not installed"
    ))
    .help(INSTALL)
}

/// How one says that frames are neither doubled nor left out: the option was called otherwise before 5.1.
fn passing() -> [&'static str; 2] {
    static SAID: OnceLock<bool> = OnceLock::new();
    let is_old = *SAID.get_or_init(|| {
        let said = Command::new("ffmpeg").arg("-version").output();
        let said = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned());
        is_old(&said.unwrap_or_default())
    });
    match is_old {
        true => ["-vsync", "passthrough"],
        false => ["-fps_mode", "passthrough"],
    }
}

/// Whether a version is before 5.1; what is no number is a build of today.
fn is_old(said: &str) -> bool {
    let version = said.split_whitespace().nth(2).unwrap_or("");
    let mut numbers = version
        .split(['.', '-'])
        .map(|part| part.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), minor) => (major, minor.unwrap_or(0)) < (5, 1),
        _ => false,
    }
}

/// Gives each frame to `each` until that wants no more. What is damaged comes back as a sentence.
pub(super) fn read(
    path: &Path,
    film: &Timeline,
    look: &Look,
    each: Each<'_>,
) -> Result<Option<String>, DataError> {
    let (height, width) = (film.height, film.width);
    // turned as it says, whole numbers that are the same on every machine
    let seen = format!(
        "scale={width}:{height}:flags=bicubic+accurate_rnd+full_chroma_int+bitexact:out_range=full,format=rgb24"
    );
    let [word, passing] = passing();
    let mut after = vec!["-map", "0:v:0", "-an", "-sn", "-dn", "-vf", seen.as_str()];
    after.extend([word, passing, "-f", "rawvideo", "pipe:1"]);
    let mut running = start("ffmpeg", path, &["-nostdin"], &after)?;
    let mut stdout = running.child.stdout.take();
    let frames = film.starts.len();
    for at in 0..frames {
        if stop_asked() {
            return Err(DataError::new("stopped while a film was decoded"));
        }
        let mut pixels = vec![0; 3 * height * width];
        let read = stdout.as_mut().map(|stdout| stdout.read_exact(&mut pixels));
        if !matches!(read, Some(Ok(()))) {
            let (_, complaint) = running.end();
            let why = match complaint.is_empty() {
                true => String::new(),
                false => format!(" ({complaint})"),
            };
            let fewer = || format!("it is not whole: {at} of its {frames} frames are there");
            let damage = film.damage.clone().unwrap_or_else(fewer);
            return Ok(Some(damage + &why));
        }
        if !each(of_rgb(pixels, height, width, look)).map_err(DataError::new)? {
            return Ok(None);
        }
    }
    Ok(film.damage.clone())
}

/// What is said where this program is not installed.
#[cfg(test)]
pub(super) fn without(program: &str, path: &Path) -> DataError {
    match start(program, path, &[], &[]) {
        Ok(_) => DataError::new("it is installed"),
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart() {
        for (said, old) in [
            ("ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright", true),
            ("ffmpeg version 5.0.1 Copyright", true),
            ("ffmpeg version 5.1.9-0+deb12u1 Copyright", false),
            ("ffmpeg version 7.1 Copyright", false),
            ("ffmpeg version N-109542-g1bf1a0c7ae Copyright", false),
            ("", false),
        ] {
            assert_eq!(is_old(said), old, "{said}");
        }
    }

    #[test]
    fn complaints_lose_what_changes_from_run_to_run() {
        let said = "\n[mov,mp4 @ 0x55d0c0] moov atom not found\nfile:x: Invalid data";
        assert_eq!(first_line(said), "moov atom not found");
        assert_eq!(first_line("plain"), "plain");
        assert_eq!(first_line(""), "");
    }
}
