//! Numbers as people read them.

/// `11.7 M`, `1.82 G`
pub fn short(number: f64) -> String {
    match number {
        n if n >= 1e12 => format!("{:.2} T", n / 1e12),
        n if n >= 1e9 => format!("{:.2} G", n / 1e9),
        n if n >= 1e6 => format!("{:.2} M", n / 1e6),
        n if n >= 1e4 => format!("{:.1} k", n / 1e3),
        n => format!("{n:.0}"),
    }
}

/// `11.7 MFLOPs`, `512 FLOPs`
pub fn flops(number: f64) -> String {
    let short = short(number);
    match short.ends_with(|c: char| c.is_ascii_digit()) {
        true => format!("{short} FLOPs"),
        false => format!("{short}FLOPs"),
    }
}

/// `1.3 GiB`
pub fn bytes(number: u64) -> String {
    let n = number as f64;
    if n >= 1024f64.powi(3) {
        format!("{:.2} GiB", n / 1024f64.powi(3))
    } else {
        format!("{:.0} MiB", n / 1024f64.powi(2))
    }
}
