//! Plans for tests of other rooms.

use super::{Plan, Purpose, plan};
use crate::catalog::Catalog;
use crate::data::Places;
use crate::language::{Sources, check_into};

/// The plan of a sound recipe whose data are nobody's files.
pub(crate) fn planned(text: &str, catalog: &Catalog) -> Plan {
    let mut sources = Sources::default();
    let file = sources.add("test.ssl", text);
    let (recipe, said) = check_into(&mut sources, file, catalog, &[]);
    let recipe = recipe.unwrap_or_else(|| panic!("{said:?}"));
    let places = Places::new("", Default::default(), true).expect("places");
    let (plan, said) = plan(&recipe, catalog, &places, Purpose::Check);
    plan.unwrap_or_else(|| panic!("{said:?}"))
}
