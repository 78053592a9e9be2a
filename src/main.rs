//! The `pretext` binary.

#[global_allocator]
static ALLOCATOR: pretext::engine::Allocator = pretext::engine::Allocator;

fn main() -> std::process::ExitCode {
    pretext::engine::keep_memory();
    pretext::cli::main()
}
