//! The streams of a process in which a plugin runs: its words to the parent go where the plugin does not write, and it ends with
//! the parent.

use std::io::{Read, Write};

use super::end::end_now;

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
    /// The person's standard error.
    pub errors: std::fs::File,
}

#[cfg(unix)]
mod streams {
    use std::os::fd::{FromRawFd, OwnedFd, RawFd};

    mod c {
        unsafe extern "C" {
            pub fn close(file: i32) -> i32;
            pub fn dup(file: i32) -> i32;
            pub fn dup2(from: i32, to: i32) -> i32;
        }
    }

    /// A second number for an open file, which other programs inherit.
    pub fn second(file: RawFd) -> std::io::Result<OwnedFd> {
        // SAFETY: it takes a number and gives one
        match unsafe { c::dup(file) } {
            -1 => Err(std::io::Error::last_os_error()),
            // SAFETY: it has just been opened, for nobody else
            number => Ok(unsafe { OwnedFd::from_raw_fd(number) }),
        }
    }

    /// Closes an inherited file.
    pub fn close(file: RawFd) -> std::io::Result<()> {
        if file <= 2 {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: the process that started this one opened it for this use, and nobody here knows of it
        match unsafe { c::close(file) } {
            -1 => Err(std::io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    /// Puts an open file in the place of a standard stream.
    pub fn instead(from: RawFd, to: RawFd) -> std::io::Result<()> {
        // SAFETY: it takes two numbers; those behind `to` are the standard streams, which nobody owns
        match unsafe { c::dup2(from, to) } {
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

/// The same for a worker: the parent is behind standard input, and the person reads its other streams. `prints` is the number of
/// an open file, behind which the parent reads: it takes the place of both streams for whatever else is in this process.
#[cfg(unix)]
pub fn worker(prints: i32) -> std::io::Result<Private> {
    use std::fs::File;
    use std::os::fd::{AsFd, AsRawFd};

    let words = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let parent = words.try_clone()?;
    let nothing = File::open("/dev/null")?;
    streams::instead(nothing.as_raw_fd(), std::io::stdin().as_raw_fd())?;
    let output = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    let errors = File::from(std::io::stderr().as_fd().try_clone_to_owned()?);
    streams::instead(prints, std::io::stdout().as_raw_fd())?;
    streams::instead(prints, std::io::stderr().as_raw_fd())?;
    streams::close(prints)?;
    followed(Box::new(parent))?;
    Ok(Private {
        words: Box::new(words),
        output,
        errors,
    })
}

/// A second number for an open file, which a process that is started inherits; closed where it is dropped.
#[cfg(unix)]
pub fn inherited(file: &impl std::os::fd::AsRawFd) -> std::io::Result<std::os::fd::OwnedFd> {
    streams::second(file.as_raw_fd())
}
