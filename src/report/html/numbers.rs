//! Times and counts as a person writes them.

/// `41 s`, `9 min 12 s`, `1 h 03 min`
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// `54,000`
pub(super) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// At most two decimals.
pub(super) fn trim(x: f64) -> String {
    format!("{}", (x * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers_read_well() {
        assert_eq!(duration(3.21), "3.2 s");
        assert_eq!(duration(41.4), "41 s");
        assert_eq!(duration(552.0), "9 min 12 s");
        assert_eq!(duration(3780.0), "1 h 03 min");
        assert_eq!(thousands(54_000), "54,000");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
