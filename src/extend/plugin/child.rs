//! The process in which a plugin is tried: its words to the parent go where the plugin does not write, and it ends with the
//! parent.

use std::io::{Read, Write};

use super::guard::end_now;

/// Where the parent listens, and what tells that it is there no more.
struct Ends {
    words: Box<dyn Write>,
    parent: Box<dyn Read + Send>,
}

#[cfg(unix)]
fn ends() -> std::io::Result<Ends> {
    use std::fs::File;
    use std::os::fd::{AsFd, AsRawFd, RawFd};

    unsafe extern "C" {
        fn dup2(from: RawFd, to: RawFd) -> RawFd;
    }
    let instead = |from: RawFd, to: RawFd| {
        // SAFETY: both are numbers of files that are open; those behind `to` are the standard streams, which nobody owns
        match unsafe { dup2(from, to) } {
            -1 => Err(std::io::Error::last_os_error()),
            _ => Ok(()),
        }
    };
    let words = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    let parent = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    // what the plugin prints is not lost: the parent reads it as complaints; what it reads is empty
    instead(std::io::stderr().as_raw_fd(), std::io::stdout().as_raw_fd())?;
    let nothing = File::open("/dev/null")?;
    instead(nothing.as_raw_fd(), std::io::stdin().as_raw_fd())?;
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

/// Prepares this process; what is written to what comes back reaches the parent. To be called before a plugin is loaded.
pub fn private() -> std::io::Result<Box<dyn Write>> {
    let Ends { words, parent } = ends()?;
    std::thread::Builder::new()
        .name("parent".into())
        .spawn(move || follow(parent))?;
    Ok(words)
}
