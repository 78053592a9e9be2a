//! Two more doors into the catalog: scripts in rhai, and plugins behind a C ABI. What comes through them is a
//! [`Spec`](crate::catalog::Spec) like any other.

pub mod script;
pub mod words;
