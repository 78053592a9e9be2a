//! Texts that the program writes itself, as records.

use super::{
    DataError, Dataset, Draws, Fields, Progress, Record, Sample, SampleType, manifest, texts,
};

struct Written {
    texts: Vec<String>,
    fields: Fields,
}

/// A record of each text, with the field `text`.
pub fn written(texts: Vec<String>) -> impl Dataset + 'static {
    Written {
        texts,
        fields: vec![("text".to_owned(), SampleType::TEXT)],
    }
}

impl Dataset for Written {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.texts.len()
    }

    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        let text = self.texts.get(index);
        let text = text.ok_or_else(|| DataError::outside(index, self.len()))?;
        let text = texts::read(text.clone().into_bytes()).map_err(DataError::new)?;
        Ok(vec![Sample::text(text)])
    }

    fn class(&self, _: usize) -> Result<Option<u32>, DataError> {
        Ok(None)
    }

    fn manifest(&self, _: &dyn Progress) -> Result<String, DataError> {
        Ok(manifest::composed("written", &self.texts))
    }
}
