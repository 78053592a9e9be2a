//! Whether a file is a whole shared library, before the dynamic linker is let at it: a library that is cut short can end the
//! process instead of failing to load.

use super::PLATFORM;

/// What is wrong with the bytes, where anything can be seen. Formats other than ELF are left to the linker.
pub fn flaw(bytes: &[u8]) -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    if !bytes.starts_with(b"\x7fELF") {
        return Some(if bytes.is_empty() {
            "it is empty".into()
        } else {
            format!("it is no shared library of {PLATFORM}")
        });
    }
    let cut = |needed: u64| {
        format!(
            "it is cut short: its header speaks of {needed} bytes, and it has {}",
            bytes.len()
        )
    };
    // 64 bits, little-endian: what Pretext is built for on Linux
    if bytes.get(4) != Some(&2) || bytes.get(5) != Some(&1) {
        return Some(format!("it is built for another platform than {PLATFORM}"));
    }
    let number = |at: usize, len: usize| -> Option<u64> {
        let bytes = bytes.get(at..at.checked_add(len)?)?;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0, |n, byte| n << 8 | u64::from(*byte)),
        )
    };
    let (Some(kind), Some(machine)) = (number(16, 2), number(18, 2)) else {
        return Some(cut(64));
    };
    let own = match std::env::consts::ARCH {
        "x86_64" => 62,
        "aarch64" => 183,
        "riscv64" => 243,
        _ => machine,
    };
    if machine != own {
        return Some(format!("it is built for another platform than {PLATFORM}"));
    }
    if kind != 3 {
        return Some("it is an object or a program, not a shared library".into());
    }
    let (Some(headers), Some(size), Some(count)) = (number(32, 8), number(54, 2), number(56, 2))
    else {
        return Some(cut(64));
    };
    for i in 0..count {
        let at = headers.saturating_add(i * size) as usize;
        let (Some(offset), Some(length)) = (
            number(at.saturating_add(8), 8),
            number(at.saturating_add(32), 8),
        ) else {
            return Some(cut(headers.saturating_add(count * size)));
        };
        let end = offset.saturating_add(length);
        if end > bytes.len() as u64 {
            return Some(cut(end));
        }
    }
    // sections are not loaded, but they end the file: a tail that is missing is damage too
    if let (Some(sections), Some(size), Some(count)) = (number(40, 8), number(58, 2), number(60, 2))
    {
        let end = sections.saturating_add(size * count);
        if sections > 0 && end > bytes.len() as u64 {
            return Some(cut(end));
        }
    }
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_whole_library_has_no_flaw_and_every_cut_one_has() {
        // the test itself is a position-independent program: the same format and kind
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(flaw(&bytes), None);
        for len in [
            1,
            5,
            17,
            40,
            63,
            100,
            4096,
            bytes.len() / 2,
            bytes.len() - 1,
        ] {
            let flaw = flaw(&bytes[..len]).unwrap();
            assert!(flaw.contains("cut short") || len < 20, "{len}: {flaw}");
        }
        assert!(flaw(b"").unwrap().contains("empty"));
        assert!(flaw(b"fn main() {}").unwrap().contains("no shared library"));
        let mut other = bytes[..4096].to_vec();
        other[18] = 40;
        assert!(flaw(&other).unwrap().contains("another platform"));
    }
}
