use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Batch, BatchField, Cursor, Loader, LoaderOptions, OnBadSample};
use crate::augment::SampleGraph;
use crate::augment::graph::{as_it_is, test_graph};
use crate::data::{DataError, Dataset, Draws, Fields, Image, Progress, Record, Sample, SampleType};

/// Records whose picture and label are their index.
struct Counting {
    len: usize,
    bad: BTreeSet<usize>,
    panics: bool,
    fields: Fields,
    reads: AtomicUsize,
}

impl Counting {
    fn new(len: usize) -> Self {
        Self {
            len,
            bad: BTreeSet::new(),
            panics: false,
            fields: vec![
                ("image".into(), SampleType::image(3, 4, 4)),
                ("label".into(), SampleType::label(1000)),
            ],
            reads: AtomicUsize::new(0),
        }
    }
}

impl Dataset for Counting {
    fn fields(&self) -> &Fields {
        &self.fields
    }
    fn len(&self) -> usize {
        self.len
    }
    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        if self.bad.contains(&index) {
            assert!(!self.panics, "no good at all");
            return Err(DataError {
                message: "truncated".into(),
                help: None,
            });
        }
        let pixels = (0..48).map(|i| (index * 5 + i) as u8).collect();
        Ok(vec![
            Sample::Image(Image::new(pixels, 4, 4, 3)),
            Sample::Label(index as u32),
        ])
    }
    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        Ok(Some(index as u32))
    }
    fn manifest(&self, _: &dyn Progress) -> Result<String, DataError> {
        Ok("counting".into())
    }
    fn id(&self, index: usize) -> u64 {
        index as u64 + 10_000
    }
}

fn plain(data: Counting, options: LoaderOptions) -> Loader {
    let graph = SampleGraph::plain(&data.fields, None);
    Loader::new(Arc::new(data), Arc::new(graph), options).unwrap()
}

fn labels(batch: &Batch) -> &[i64] {
    match batch.field("label") {
        Some(BatchField::Int { data, shape }) => {
            assert_eq!(*shape, [batch.size]);
            data
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn evaluation_sees_every_record_once_in_order() {
    let batches: Vec<Batch> = plain(Counting::new(23), LoaderOptions::evaluation(5, 1, 3))
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        batches.iter().map(|b| b.size).collect::<Vec<_>>(),
        [5, 5, 5, 5, 3]
    );
    let all: Vec<i64> = batches.iter().flat_map(labels).copied().collect();
    assert_eq!(all, (0..23).collect::<Vec<_>>());
    let Some(BatchField::F32 { data, shape }) = batches[4].field("image") else {
        panic!()
    };
    assert_eq!(*shape, [3, 3, 4, 4]);
    // record 20, channel 1, pixel 2: byte 2 * 3 + 1 of (index * 5 + i)
    assert_eq!(data[16 + 2], f32::from((20 * 5 + 7) as u8) / 255.0);
    assert_eq!(batches[4].ids, [10_020, 10_021, 10_022]);
}

/// Place, sample numbers and fields of a batch.
type Seen = (Cursor, Vec<u64>, Vec<(String, BatchField)>);

#[test]
fn content_does_not_depend_on_threads_or_start() {
    let run = |workers, start: Cursor, take| -> Vec<Seen> {
        let data = Counting::new(37);
        let graph = Arc::new(test_graph(&data.fields));
        let options = LoaderOptions {
            start,
            ..LoaderOptions::training(8, 3, workers)
        };
        let mut loader = Loader::new(Arc::new(data), graph, options).unwrap();
        let mut out = Vec::new();
        for _ in 0..take {
            let batch = loader.next().unwrap().unwrap();
            out.push((
                Cursor {
                    epoch: batch.epoch,
                    batch: batch.index,
                },
                batch.ids.clone(),
                batch.fields.clone(),
            ));
            loader.recycle(batch);
        }
        out
    };
    let one = run(1, Cursor::default(), 10);
    assert_eq!(one, run(4, Cursor::default(), 10));
    // on the threads that compute
    assert_eq!(one, run(0, Cursor::default(), 10));
    assert_eq!(one[4..], run(0, Cursor { epoch: 0, batch: 4 }, 6));
    assert_eq!(one[6..], run(2, Cursor { epoch: 1, batch: 2 }, 4));
    // a checkpoint after the last batch of an epoch
    assert_eq!(one[4..], run(2, Cursor { epoch: 0, batch: 4 }, 6));

    // list fields come as one tensor each
    let names: Vec<_> = one[0].2.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["views/0", "views/1"]);
    assert_ne!(one[0].2[0].1, one[0].2[1].1);
    // every batch is full, an epoch has no record twice, epochs differ in order
    assert!(one.iter().all(|(_, ids, _)| ids.len() == 8));
    let epoch = |n: usize| {
        one[n * 4..n * 4 + 4]
            .iter()
            .flat_map(|(_, ids, _)| ids.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(epoch(0).iter().collect::<BTreeSet<_>>().len(), 32);
    assert_ne!(epoch(0), epoch(1));
}

#[test]
fn a_bad_sample_stops_with_its_number() {
    for (panics, workers) in [(false, 2), (true, 2), (false, 0), (true, 0)] {
        let mut data = Counting::new(20);
        data.bad.insert(13);
        data.panics = panics;
        let mut loader = plain(data, LoaderOptions::evaluation(4, 0, workers));
        let good = loader.by_ref().take_while(Result::is_ok).count();
        assert_eq!(good, 3);
        assert!(loader.next().is_none());

        let mut data = Counting::new(4);
        data.bad.insert(2);
        data.panics = panics;
        let error = plain(data, LoaderOptions::evaluation(4, 0, 2))
            .next()
            .unwrap()
            .unwrap_err();
        assert_eq!((error.id, error.index), (10_002, 2));
        let text = if panics {
            "no good at all"
        } else {
            "truncated"
        };
        assert!(
            error.to_string().contains("sample 10002") && error.to_string().contains(text),
            "{error}"
        );
    }
}

#[test]
fn skipping_leaves_out_or_replaces() {
    let mut data = Counting::new(20);
    data.bad = BTreeSet::from([1, 2]);
    let options = LoaderOptions {
        on_bad_sample: OnBadSample::Skip,
        ..LoaderOptions::evaluation(4, 0, 2)
    };
    let batch = plain(data, options).next().unwrap().unwrap();
    assert_eq!((batch.size, labels(&batch)), (2, &[0, 3][..]));
    assert_eq!(
        batch.skipped.iter().map(|bad| bad.id).collect::<Vec<_>>(),
        [10_001, 10_002]
    );

    let mut data = Counting::new(20);
    data.bad = BTreeSet::from([1, 2]);
    let options = LoaderOptions {
        order: super::Order::Sequential,
        drop_last: true,
        ..options
    };
    let batch = plain(data, options).next().unwrap().unwrap();
    assert_eq!(labels(&batch), [0, 11, 12, 3]);

    let mut data = Counting::new(6);
    data.bad = (0..6).collect();
    assert!(plain(data, options).next().unwrap().is_err());
}

#[test]
fn memory_is_bounded_and_dropping_ends_the_threads() {
    let data = Arc::new(Counting::new(10_000));
    let graph = Arc::new(SampleGraph::plain(&data.fields, None));
    let mut loader = Loader::new(data.clone(), graph, LoaderOptions::training(10, 0, 2)).unwrap();
    let batch = loader.next().unwrap().unwrap();
    let buffer = |batch: &Batch| match &batch.fields[0].1 {
        BatchField::F32 { data, .. } => data.as_ptr(),
        BatchField::Int { .. } => panic!(),
    };
    let mut buffers = BTreeSet::from([buffer(&batch)]);
    loader.recycle(batch);
    for _ in 0..50 {
        let batch = loader.next().unwrap().unwrap();
        buffers.insert(buffer(&batch));
        loader.recycle(batch);
    }
    // two threads with two batches ahead, and the one in hand
    assert!(buffers.len() <= 5, "{}", buffers.len());
    assert!(data.reads.load(Ordering::Relaxed) <= 10 * (51 + 4));
    drop(loader);
    assert_eq!(Arc::strong_count(&data), 1);
}

#[test]
fn too_few_records_are_an_error() {
    let data = Counting::new(3);
    let graph = SampleGraph::plain(&data.fields, None);
    let made = Loader::new(
        Arc::new(data),
        Arc::new(graph),
        LoaderOptions::training(4, 0, 1),
    );
    assert!(made.err().unwrap().message.contains("3 records"));
}

/// Texts of 1 to 40 pieces; record i has `1 + 7 i mod 40`.
struct Texts {
    pieces: Arc<crate::data::Pieces>,
    fields: Fields,
    bad: BTreeSet<usize>,
}

impl Texts {
    fn new(bad: &[usize]) -> Self {
        let text: Arc<str> = "a b c d".into();
        let texts = &mut [Ok(text)].into_iter();
        let (bytes, _) = crate::data::Pieces::fit(texts, 50, Default::default()).unwrap();
        let pieces = Arc::new(crate::data::Pieces::open(&bytes).unwrap());
        let tokens = SampleType::tokens(Some(40), Some(pieces.len()));
        Self {
            pieces,
            fields: vec![
                ("text".into(), tokens),
                ("label".into(), SampleType::label(1000)),
            ],
            bad: bad.iter().copied().collect(),
        }
    }
}

impl Dataset for Texts {
    fn fields(&self) -> &Fields {
        &self.fields
    }
    fn len(&self) -> usize {
        410
    }
    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        if self.bad.contains(&index) {
            return Err(DataError::new("torn"));
        }
        Ok(vec![
            Sample::tokens(vec![5; 1 + 7 * index % 40], self.pieces.clone()),
            Sample::label(index as u32),
        ])
    }
    fn class(&self, _: usize) -> Result<Option<u32>, DataError> {
        Ok(None)
    }
    fn manifest(&self, _: &dyn Progress) -> Result<String, DataError> {
        Ok("texts".into())
    }
}

/// How far a batch's texts are padded, how long they are, and which they are.
fn padded(batch: &Batch) -> (usize, Vec<i64>, Vec<i64>) {
    let int = |name: &str| match batch.field(name) {
        Some(BatchField::Int { data, shape }) => (data.clone(), shape.clone()),
        other => panic!("{other:?}"),
    };
    let (ids, shape) = int("text");
    assert_eq!(shape[0], batch.size);
    assert_eq!(ids.len(), shape[0] * shape[1]);
    let (lengths, _) = int("text/length");
    for (row, length) in ids.chunks(shape[1]).zip(&lengths) {
        let own = row.iter().filter(|id| **id == 5).count();
        assert_eq!(own as i64, *length, "a text is whole in its batch");
    }
    (shape[1], lengths, int("label").0)
}

#[test]
fn texts_of_like_length_share_a_batch() {
    let options = |workers, start| LoaderOptions {
        by_length: true,
        start,
        ..LoaderOptions::training(10, 3, workers)
    };
    let run = |workers, start: Cursor, take: usize| -> Vec<_> {
        let data = Arc::new(Texts::new(&[]));
        let graph = Arc::new(as_it_is(&data.fields));
        let mut loader = Loader::new(data, graph, options(workers, start)).unwrap();
        let mut out = Vec::new();
        for _ in 0..take {
            let batch = loader.next().unwrap().unwrap();
            out.push((batch.epoch, batch.index, padded(&batch)));
            loader.recycle(batch);
        }
        out
    };
    // 41 batches an epoch: two spans of 16 and one of 9
    let all = run(1, Cursor::default(), 100);
    let places: Vec<(u64, u64)> = all
        .iter()
        .map(|(epoch, index, _)| (*epoch, *index))
        .collect();
    assert_eq!(
        places,
        (0..100).map(|n| (n / 41, n % 41)).collect::<Vec<_>>()
    );
    assert_eq!(all, run(3, Cursor::default(), 100));
    assert_eq!(all, run(0, Cursor::default(), 100));
    for (epoch, batch) in [(0, 5), (0, 16), (0, 39), (1, 0), (1, 40)] {
        let at = (41 * epoch + batch) as usize;
        assert_eq!(
            all[at..at + 12],
            run(2, Cursor { epoch, batch }, 12),
            "{batch}"
        );
    }
    // a checkpoint behind the last batch of an epoch
    let end = Cursor {
        epoch: 0,
        batch: 41,
    };
    assert_eq!(all[41..60], run(2, end, 19));
    // each record is there once an epoch
    let mut seen: Vec<i64> = all[..41]
        .iter()
        .flat_map(|(_, _, (_, _, labels))| labels.clone())
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..410).collect::<Vec<_>>());
    // no batch is longer than the length at or above that of its longest text
    let mut computed = 0;
    for (_, _, (n, lengths, _)) in &all[..41] {
        let longest = *lengths.iter().max().unwrap() as usize;
        let steps = super::lengths::of(40);
        assert_eq!(Some(n), steps.iter().find(|step| longest <= **step));
        computed += 10 * n;
    }
    // 8,365 pieces; 16,400 places where every batch has 40
    let own: i64 = all[..41]
        .iter()
        .flat_map(|(_, _, (_, lengths, _))| lengths.clone())
        .sum();
    assert_eq!(own, 8365);
    assert!(computed < 12_000, "{computed} places for {own} pieces");
    let turns = |from: usize| {
        all[from..from + 16]
            .iter()
            .map(|(_, _, (n, ..))| *n)
            .collect::<Vec<_>>()
    };
    assert!(
        !turns(0).is_sorted(),
        "short texts do not come first: {:?}",
        turns(0)
    );
}

#[test]
fn by_length_what_is_torn_is_left_out_or_ends_the_run() {
    let of = |on_bad_sample| {
        let data = Arc::new(Texts::new(&[3, 77]));
        let graph = Arc::new(as_it_is(&data.fields));
        let options = LoaderOptions {
            by_length: true,
            on_bad_sample,
            ..LoaderOptions::training(10, 3, 2)
        };
        Loader::new(data, graph, options).unwrap().take(41)
    };
    let mut skipped = Vec::new();
    for batch in of(OnBadSample::Skip) {
        let batch = batch.unwrap();
        assert_eq!(batch.size, 10, "what is far away stands in");
        skipped.extend(batch.skipped.iter().map(|bad| bad.id));
    }
    skipped.sort_unstable();
    assert_eq!(skipped, [3, 77]);
    let bad = of(OnBadSample::Stop).find_map(Result::err).unwrap();
    assert!([3, 77].contains(&bad.id) && bad.error.message == "torn");
}

/// Where nothing stands in for what is lost, the last batches of a span hold less, or nothing; none is missing.
#[test]
fn by_length_evaluation_reads_every_record_once() {
    let torn = [3, 5, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86];
    let data = Arc::new(Texts::new(&torn));
    let graph = Arc::new(as_it_is(&data.fields));
    let records = data.len();
    let options = LoaderOptions {
        by_length: true,
        on_bad_sample: OnBadSample::Skip,
        ..LoaderOptions::evaluation(10, 3, 2)
    };
    let batches: Vec<Batch> = Loader::new(data, graph, options)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(batches.len(), records.div_ceil(10));
    let of = |what: &dyn Fn(&Batch) -> Vec<u64>| -> Vec<u64> {
        let mut all: Vec<u64> = batches.iter().flat_map(what).collect();
        all.sort_unstable();
        all
    };
    let read = of(&|batch| batch.indices.clone());
    let lost = of(&|batch| batch.skipped.iter().map(|bad| bad.id).collect());
    let torn = torn.map(|record| record as u64);
    assert_eq!(lost, torn);
    let others = (0..records as u64).filter(|record| !torn.contains(record));
    assert_eq!(read, others.collect::<Vec<_>>());
}
