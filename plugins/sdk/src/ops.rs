//! The operations.

/// Numbers of the operations.
pub mod codes {
    pub(crate) const SCALAR: u32 = 1100;
    pub(crate) const WHEN: u32 = 1101;
    pub(crate) const STATE: u32 = 1110;
    pub(crate) const ASSIGN: u32 = 1111;
    pub(crate) const ASSIGN_ROWS: u32 = 1112;
    pub(crate) const OBJECTIVE: u32 = 1120;
    pub(crate) const METRIC: u32 = 1121;
    pub(crate) const PLACE: u32 = 1122;
}
