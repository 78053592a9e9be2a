//! The catalog entry of the export.

use crate::catalog::{Kind, Make, Param, Spec, Type};

pub(super) fn spec() -> Spec {
    Spec::new(
        "safetensors",
        Kind::Export,
        "The encoder's weights under the names that torchvision and timm expect",
        Make::Stage,
    )
    .doc(
        "The file is written into the run directory and replaces nothing but an older export; with `--allow-outside` the path may lead \
         elsewhere. The file's header says what the encoder takes (size, view, mean and \
         deviation), what it is and what it was learnt from; `config.json` beside it (`NAME.config.json` where several exports \
         share a folder) says it in the form that timm reads. The run prints the lines of Python that load it.",
    )
    .param(Param::required("path", Type::Text, "Where the file is written."))
    .example("safetensors(\"encoder.safetensors\")")
}
