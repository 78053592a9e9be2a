//! The `pretext` binary.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    pretext::engine::keep_memory();
    pretext::cli::main()
}
