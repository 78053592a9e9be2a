//! A value that is made on first use, by one thread, and may fail.

use std::sync::{Mutex, OnceLock, PoisonError};

/// Made once; a failure is not kept, the next use tries again.
#[derive(Debug)]
pub(super) struct Lazy<T> {
    value: OnceLock<T>,
    making: Mutex<()>,
}

impl<T> Default for Lazy<T> {
    fn default() -> Self {
        Self {
            value: OnceLock::new(),
            making: Mutex::new(()),
        }
    }
}

impl<T> Lazy<T> {
    /// The value; other threads wait while one makes it.
    pub(super) fn get<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let value = make()?;
        Ok(self.value.get_or_init(|| value))
    }

    /// The value, where it is made already.
    pub(super) fn ready(&self) -> Option<&T> {
        self.value.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_tried_again_and_a_success_is_kept() {
        let lazy = Lazy::default();
        assert_eq!(lazy.get(|| Err::<u32, _>("no")), Err("no"));
        assert_eq!(lazy.ready(), None);
        assert_eq!(lazy.get(|| Ok::<_, &str>(3)), Ok(&3));
        assert_eq!(lazy.get(|| Err("never called")), Ok(&3));
    }
}
