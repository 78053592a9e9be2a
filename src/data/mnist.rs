//! `mnist()` and `fashion_mnist()`: 60,000 + 10,000 grey pictures of 28 × 28 pixels, ten classes.

use std::sync::Arc;

use super::download::RemoteFile;
use super::idx::{self, IdxSplit};
use super::published::Published;
use super::{Normalization, Places, Splits};
use crate::catalog::{Args, Kind, Make, Result, Spec, Split};

/// One of the family.
struct Member {
    name: &'static str,
    well_known: &'static [&'static str],
    package: Option<&'static str>,
    url: &'static str,
    /// Size and SHA-256 of each of [`idx::FILES`] as published, gzipped.
    files: [(u64, &'static str); 4],
    classes: [&'static str; 10],
    /// Of the training pictures.
    mean: f32,
    std: f32,
}

const MNIST: Member = Member {
    name: "mnist",
    well_known: &["/usr/share/datasets/mnist"],
    package: None,
    url: "https://ossci-datasets.s3.amazonaws.com/mnist",
    files: [
        (
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        (
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        (
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        (
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ],
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    mean: 0.1307,
    std: 0.3081,
};

const FASHION: Member = Member {
    name: "fashion_mnist",
    well_known: &["/usr/share/datasets/fashion-mnist"],
    package: Some("apt-get install dataset-fashion-mnist (Debian, Ubuntu)"),
    url: "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
    files: [
        (
            26_421_880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        (
            29_515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
        (
            4_422_102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ),
        (
            5_148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ],
    classes: [
        "t-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ],
    mean: 0.2860,
    std: 0.3530,
};

fn open(member: &Member, places: &Places) -> Result<Splits> {
    let files = idx::FILES.iter().zip(member.files);
    let published = Published {
        name: member.name,
        well_known: member.well_known,
        holds: "a folder with train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, \
                t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz",
        package: member.package,
        files: files
            .map(|(name, (bytes, sha256))| RemoteFile {
                url: format!("{}/{name}.gz", member.url),
                name: format!("{name}.gz"),
                bytes,
                sha256: sha256.to_owned(),
            })
            .collect(),
    };
    let (files, remark) = published.open(places, &idx::complete)?;
    let files = Arc::new(files);
    let mut splits = Splits::default();
    for (split, at, n) in [(Split::Train, 0, 60_000), (Split::Test, 2, 10_000)] {
        let part = IdxSplit::open(
            files.clone(),
            [idx::FILES[at], idx::FILES[at + 1]],
            [n, 28, 28],
            &member.classes,
            Normalization {
                mean: vec![member.mean],
                std: vec![member.std],
            },
        )?;
        splits.parts.insert(split, Arc::new(part));
    }
    splits.remarks.extend(remark);
    Ok(splits)
}

pub(super) fn mnist() -> Spec {
    let make = |_: &Args, places: &Places| open(&MNIST, places);
    Spec::new(
        "mnist",
        Kind::Dataset,
        "Handwritten digits, 28 × 28 grey, 60,000 to train and 10,000 to test.",
        Make::Dataset(make),
    )
    .paper(
        "LeCun et al., 1998",
        "Gradient-based learning applied to document recognition",
        "doi:10.1109/5.726791",
    )
    .doc("Fields: `image: image[1, 28, 28]`, `label: label(10)`. Four idx files, gzipped or not; downloaded (12 MB) where they are not on this machine.")
}

pub(super) fn fashion_mnist() -> Spec {
    let make = |_: &Args, places: &Places| open(&FASHION, places);
    Spec::new(
        "fashion_mnist",
        Kind::Dataset,
        "Clothes, 28 × 28 grey, 60,000 to train and 10,000 to test.",
        Make::Dataset(make),
    )
    .paper(
        "Xiao et al., 2017",
        "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms",
        "arXiv:1708.07747",
    )
    .doc("Fields: `image: image[1, 28, 28]`, `label: label(10)`. Four idx files, gzipped or not; downloaded (31 MB) where they are not on this machine.")
    .example("fashion_mnist() |> hold_out(10%, seed = 0)")
}
