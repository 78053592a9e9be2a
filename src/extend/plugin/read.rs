//! From what a plugin's pointers lead to, to values of our own. Every read checks what can be checked; a pointer into nowhere
//! can't be, which is why `pretext plugin check` reads in a process of its own.

use pretext_plugin::abi;

/// Longest text that is taken.
const MAX_TEXT: u64 = 1 << 20;
/// Most elements of a list that are taken.
pub const MAX_LIST: u64 = 4096;

/// A struct that begins with its size. Its first fields, those of the minor that brought it, end at [`Sized::LEAST`].
///
/// # Safety
/// `repr(C)`, a `u64` first, and all zeros is a value.
pub unsafe trait Sized: Copy {
    /// What it is called in the header.
    const NAME: &'static str;
    /// Its size in the minor that brought it.
    const LEAST: u64;
}

macro_rules! sized {
    ($($ty:ident $name:literal $least:literal;)*) => {
        $(
            // SAFETY: `repr(C)` with `size: u64` first; integers, floats, pointers and optional functions may be zero
            unsafe impl Sized for abi::$ty {
                const NAME: &'static str = $name;
                const LEAST: u64 = $least;
            }
        )*
    };
}

sized! {
    Plugin "pretext_plugin" 88;
    Task "pretext_task" 184;
    Transform "pretext_transform" 184;
    Param "pretext_param" 112;
    Input "pretext_input" 72;
    Part "pretext_part" 40;
    Attr "pretext_attr" 88;
}

/// The struct at `at`, as far as both sides know it; the rest is zero.
///
/// # Safety
/// `at` is null, or leads to a struct whose first field is the number of bytes that follow from there.
pub unsafe fn structure<T: Sized>(at: *const T) -> Result<T, String> {
    if at.is_null() {
        return Err(format!("a {} is missing: its pointer is null", T::NAME));
    }
    if !at.cast::<u64>().is_aligned() {
        return Err(format!("a {} does not stand at a multiple of 8", T::NAME));
    }
    // SAFETY: the caller's; every struct begins with its size
    let size = unsafe { at.cast::<u64>().read() };
    if size < T::LEAST || size > 1 << 16 || size % 8 != 0 {
        return Err(format!(
            "a {} says that it has {size} bytes; the shortest has {}",
            T::NAME,
            T::LEAST
        ));
    }
    let known = (size as usize).min(size_of::<T>());
    let mut value = std::mem::MaybeUninit::<T>::zeroed();
    // SAFETY: `known` bytes are there on both sides; a `T` may be zero behind them
    unsafe {
        std::ptr::copy_nonoverlapping(at.cast::<u8>(), value.as_mut_ptr().cast::<u8>(), known);
        Ok(value.assume_init())
    }
}

/// `count` structs, the first one's size apart.
///
/// # Safety
/// As [`structure`], for each of them.
pub unsafe fn list<T: Sized>(at: *const T, count: u64) -> Result<Vec<T>, String> {
    if count > MAX_LIST {
        return Err(format!("{count} of {} is more than {MAX_LIST}", T::NAME));
    }
    if count == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the caller's
    let first = unsafe { structure(at)? };
    // SAFETY: it was just read
    let stride = unsafe { at.cast::<u64>().read() };
    let mut all = vec![first];
    for i in 1..count {
        // SAFETY: the caller says that `count` of them follow one another
        let next = unsafe { at.cast::<u8>().add((i * stride) as usize).cast::<T>() };
        // SAFETY: the same; its size is read as the first one's was
        let size = unsafe { next.cast::<u64>().read() };
        if size != stride {
            return Err(format!(
                "one {} says that it has {size} bytes, the one before {stride}",
                T::NAME
            ));
        }
        // SAFETY: the caller's
        all.push(unsafe { structure(next)? });
    }
    Ok(all)
}

/// A text, borrowed for as long as the plugin lends it.
///
/// # Safety
/// `text.at` leads to `text.len` bytes.
pub unsafe fn text<'a>(text: abi::Str) -> Result<&'a str, String> {
    if text.len == 0 {
        return Ok("");
    }
    if text.at.is_null() {
        return Err("a text is missing: its pointer is null".into());
    }
    if text.len > MAX_TEXT {
        return Err(format!("a text of {} bytes is too long", text.len));
    }
    // SAFETY: the caller's
    let bytes = unsafe { std::slice::from_raw_parts(text.at, text.len as usize) };
    std::str::from_utf8(bytes).map_err(|_| "a text is not UTF-8".into())
}

/// `count` plain values.
///
/// # Safety
/// `at` leads to `count` values.
pub unsafe fn values<'a, T: Copy>(at: *const T, count: u64) -> Result<&'a [T], String> {
    if count == 0 {
        return Ok(&[]);
    }
    if at.is_null() || !at.is_aligned() || count > MAX_LIST {
        return Err(format!("a list of {count} can't be read"));
    }
    // SAFETY: the caller's; it is aligned and not null
    Ok(unsafe { std::slice::from_raw_parts(at, count as usize) })
}

/// `count` numbers, copied; more than `most` are refused.
///
/// # Safety
/// `at` leads to `count` values.
pub unsafe fn numbers<T: Copy>(at: *const T, count: u64, most: u64) -> Result<Vec<T>, String> {
    if count > most {
        return Err(format!("{count} numbers are more than {most}"));
    }
    if count == 0 {
        return Ok(Vec::new());
    }
    if at.is_null() || !at.is_aligned() {
        return Err("their pointer is null, or stands between numbers".into());
    }
    // SAFETY: the caller's; it is aligned and not null
    Ok(unsafe { std::slice::from_raw_parts(at, count as usize) }.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What ABI 1.0 has never changes; structs only grow.
    #[test]
    fn no_struct_shrinks() {
        fn fits<T: Sized>() {
            assert!(size_of::<T>() as u64 >= T::LEAST, "{}", T::NAME);
        }
        fits::<abi::Plugin>();
        fits::<abi::Task>();
        fits::<abi::Transform>();
        fits::<abi::Param>();
        fits::<abi::Input>();
        fits::<abi::Part>();
        fits::<abi::Attr>();
    }

    #[test]
    fn sizes_are_checked_before_anything_is_read() {
        let mut input = abi::Input {
            size: 72,
            name: abi::Str::new("view"),
            ty: abi::Str::EMPTY,
            doc: abi::Str::EMPTY,
            at_least: 2,
            or_list: 0,
            reserved: 0,
        };
        // SAFETY: a whole struct, with whatever size it claims
        let mut read = |size| unsafe {
            input.size = size;
            structure(&input).map(|input| input.at_least)
        };
        assert_eq!(read(72), Ok(2));
        for size in [0, 8, 64, 73, 1 << 20] {
            let error = read(size).unwrap_err();
            assert!(error.contains("pretext_input"), "{error}");
        }
        // SAFETY: null is refused
        assert!(unsafe { structure::<abi::Input>(std::ptr::null()) }.is_err());
    }
}
