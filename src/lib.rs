//! Pretext: self-supervised learning from one recipe.
//!
//! A recipe flows in one direction, and each room knows only the rooms before it:
//!
//! ```text
//!  .ssl text ──language──▶ checked recipe ──plan──▶ Plan ──engine──▶ run directory ──report──▶ pictures, tables
//!                 │                          │                │
//!              catalog (what may be called)  graph            data + augment (CPU threads)
//!                 ▲
//!         tasks · encoders · augment · fit · data · evaluation · extend (scripts, plugins)
//! ```
//!
//! To add a task, an encoder, a data set, a fit or an evaluator: its file in the room of that name, and its line in the room's `specs()`. To add a
//! type of sample: its file in `data/types`, whose `//!` says what else; its transforms in `augment`. Nobody else knows one by name.
//!
//! `editor` knows all rooms but `engine` and answers what an editor asks; `cli/lsp` speaks for it.
//!
//! `files` is below all rooms: what lies in a run directory may be anybody's, so engine and report reach it through that one.
#![warn(missing_docs)]
// `extend::plugin` and measured kernels may, and say why at each place
#![deny(unsafe_code)]

pub mod augment;
pub mod catalog;
pub mod cli;
pub mod data;
pub mod editor;
pub mod encoders;
pub mod engine;
pub mod evaluation;
pub mod extend;
pub mod files;
pub mod fit;
pub mod graph;
pub mod language;
pub mod plan;
pub mod report;
pub mod tasks;
