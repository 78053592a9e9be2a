//! Compiles the parser.

fn main() {
    let source = std::path::Path::new("src");
    let parser = source.join("parser.c");
    cc::Build::new()
        .std("c11")
        .include(source)
        .flag_if_supported("-Wno-unused-parameter")
        .file(&parser)
        .compile("tree-sitter-ssl");
    println!("cargo:rerun-if-changed={}", parser.display());
}
