//! The recipe language of Pretext for tree-sitter.

use tree_sitter_language::LanguageFn;

unsafe extern "C" {
    fn tree_sitter_ssl() -> *const ();
}

/// The language.
// SAFETY: the function is the one that `build.rs` compiled
pub const LANGUAGE: LanguageFn = unsafe { LanguageFn::from_raw(tree_sitter_ssl) };

/// What words are, for colours.
pub const HIGHLIGHTS_QUERY: &str = include_str!("../../queries/highlights.scm");

/// Where names are given and used.
pub const LOCALS_QUERY: &str = include_str!("../../queries/locals.scm");

/// What may be folded.
pub const FOLDS_QUERY: &str = include_str!("../../queries/folds.scm");
