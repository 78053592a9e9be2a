//! The streams of a process in which a plugin runs: its words to the parent go where the plugin does not write, and it ends with
//! the parent.

use std::io::{Read, Write};

use super::end::end_now;

/// Bytes of what a plugin prints that are shown.
const SHOWN: usize = 1 << 14;

/// Where the parent listens, and what tells that it is there no more.
struct Ends {
    words: Box<dyn Write + Send>,
    parent: Box<dyn Read + Send>,
}

/// What a worker writes to.
pub struct Private {
    /// The parent's ear.
    pub words: Box<dyn Write + Send>,
    /// The person's standard output.
    pub output: std::fs::File,
}

#[cfg(unix)]
mod streams {
    use std::os::fd::RawFd;

    unsafe extern "C" {
        fn dup2(from: RawFd, to: RawFd) -> RawFd;
    }

    /// Puts an open file in the place of a standard stream.
    pub fn instead(from: RawFd, to: RawFd) -> std::io::Result<()> {
        // SAFETY: both are numbers of files that are open; those behind `to` are the standard streams, which nobody owns
        match unsafe { dup2(from, to) } {
            -1 => Err(std::io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}

#[cfg(unix)]
fn ends() -> std::io::Result<Ends> {
    use std::fs::File;
    use std::os::fd::{AsFd, AsRawFd};

    let words = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    let parent = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    // what the plugin prints is not lost: the parent reads it as complaints; what it reads is empty
    streams::instead(std::io::stderr().as_raw_fd(), std::io::stdout().as_raw_fd())?;
    let nothing = File::open("/dev/null")?;
    streams::instead(nothing.as_raw_fd(), std::io::stdin().as_raw_fd())?;
    Ok(Ends {
        words: Box::new(words),
        parent: Box::new(parent),
    })
}

#[cfg(not(unix))]
fn ends() -> std::io::Result<Ends> {
    Ok(Ends {
        words: Box::new(std::io::stdout()),
        parent: Box::new(std::io::stdin()),
    })
}

/// Ends this process when the parent ends, however that comes about: the parent holds the other end and never writes.
fn follow(mut parent: Box<dyn Read + Send>) {
    let _ = std::io::copy(&mut parent, &mut std::io::sink());
    end_now(1)
}

fn followed(parent: Box<dyn Read + Send>) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("parent".into())
        .spawn(move || follow(parent))
        .map(|_| ())
}

/// Prepares this process; what is written to what comes back reaches the parent. To be called before a plugin is loaded.
pub fn private() -> std::io::Result<Box<dyn Write>> {
    let Ends { words, parent } = ends()?;
    followed(parent)?;
    Ok(words)
}

/// The same for a worker: the parent is behind standard input, and the person reads its other streams. What a plugin prints to
/// standard output is shown on standard error, as far as somebody would read it.
#[cfg(unix)]
pub fn worker() -> std::io::Result<Private> {
    use std::fs::File;
    use std::os::fd::{AsFd, AsRawFd};

    let words = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let parent = words.try_clone()?;
    let nothing = File::open("/dev/null")?;
    streams::instead(nothing.as_raw_fd(), std::io::stdin().as_raw_fd())?;
    let output = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    let (printed, prints) = std::io::pipe()?;
    streams::instead(prints.as_raw_fd(), std::io::stdout().as_raw_fd())?;
    std::thread::Builder::new()
        .name("printed".into())
        .spawn(move || show(printed))?;
    followed(Box::new(parent))?;
    Ok(Private {
        words: Box::new(words),
        output,
    })
}

/// Shows what a plugin prints, made safe; reads it to its end, or the plugin would wait.
#[cfg(unix)]
fn show(mut printed: impl Read) {
    let mut block = [0; 4096];
    let mut left = SHOWN;
    loop {
        let n = match printed.read(&mut block) {
            Ok(0) => return,
            Ok(n) => n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        if left > 0 {
            let text = String::from_utf8_lossy(&block[..n.min(left)]);
            left -= n.min(left);
            let more = if left == 0 {
                "\n… a plugin prints more than is shown\n"
            } else {
                ""
            };
            let text = format!("{}{more}", crate::language::visible(&text));
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }
}
