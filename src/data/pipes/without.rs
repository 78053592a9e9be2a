//! `without(label)`: drops a field.

use std::sync::Arc;

use crate::catalog::{Args, Data, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{
    DataError, Dataset, Draws, Fields, Normalization, Portion, Progress, Record, Source,
    first_label, manifest,
};
use crate::language::codes::Code;

struct Without {
    base: Arc<dyn Dataset>,
    dropped: usize,
    fields: Fields,
    labelled: bool,
    name: String,
}

impl Dataset for Without {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.base.len()
    }

    fn read(&self, index: usize, draws: Draws) -> Result<Record, DataError> {
        let mut record = self.base.read(index, draws)?;
        record.remove(self.dropped);
        Ok(record)
    }

    fn mend(&self, index: usize, draws: Draws) -> Result<Record, DataError> {
        let mut record = self.base.mend(index, draws)?;
        record.remove(self.dropped);
        Ok(record)
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        if self.labelled {
            self.base.class(index)
        } else {
            Ok(None)
        }
    }

    fn class_names(&self) -> &[String] {
        if self.labelled {
            self.base.class_names()
        } else {
            &[]
        }
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        let what = format!("without {}", self.name);
        Ok(manifest::composed(&what, &[self.base.manifest(progress)?]))
    }

    fn normalization(&self) -> Option<Normalization> {
        self.base.normalization()
    }

    fn resident_bytes(&self) -> u64 {
        self.base.resident_bytes()
    }

    fn passing_bytes(&self) -> u64 {
        self.base.passing_bytes()
    }

    fn resident_key(&self) -> usize {
        self.base.resident_key()
    }

    fn id(&self, index: usize) -> u64 {
        self.base.id(index)
    }

    fn origin(&self, index: usize) -> Option<String> {
        self.base.origin(index)
    }

    fn group(&self, index: usize) -> Option<u64> {
        self.base.group(index)
    }

    fn buffer(&self) -> Option<usize> {
        self.base.buffer()
    }

    fn portions(&self) -> Vec<Portion> {
        self.base.portions()
    }

    fn fetch(&self, progress: &dyn Progress) -> Result<(), DataError> {
        self.base.fetch(progress)
    }
}

fn without(args: &Args, base: Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>> {
    let name = args.word("field");
    let fields = base.fields();
    let Some(dropped) = fields.iter().position(|(field, _)| field == name) else {
        let have: Vec<String> = fields.iter().map(|(name, _)| format!("`{name}`")).collect();
        return Err(Problem::argument(
            Code::UnknownPart,
            "field",
            format!("records have no field `{name}`"),
        )
        .note(format!("they have {}", have.join(", "))));
    };
    if fields.len() == 1 {
        return Err(Problem::argument(
            Code::UnknownPart,
            "field",
            format!("`{name}` is the only field: nothing would be left"),
        ));
    }
    Ok(dropping(base, dropped))
}

/// The same records without one of their fields, which is not the only one.
pub(super) fn dropping(base: Arc<dyn Dataset>, dropped: usize) -> Arc<dyn Dataset> {
    let mut fields = base.fields().clone();
    let (name, _) = fields.remove(dropped);
    // classes are those of the first label: where that is dropped, another may be left, of which no class is known before it is read
    let label = |fields: &Fields| first_label(fields).map(|(name, _)| name.to_owned());
    let own = label(base.fields());
    let labelled = own.is_some() && own == label(&fields);
    Arc::new(Without {
        base,
        dropped,
        fields,
        labelled,
        name,
    })
}

fn pipe(args: &Args, source: Source, _: &dyn Fn(&Data) -> Result<Source>) -> Result<Source> {
    source.map(|part| without(args, part))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "without",
        Kind::Pipe,
        "Drops a field of every record, so that nothing can use it by mistake.",
        Make::Pipe(pipe),
    )
    .param(Param::required("field", Type::Field, "The field."))
    .example("without(label)")
}
