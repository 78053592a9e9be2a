//! A choice of a data set's records, made when the first of them is read: which records it is may depend on
//! labels, how many never does.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::{Args, Problem, Result, Value};
use crate::data::lazy::Lazy;
use crate::data::portion::{Chosen, Portion};
use crate::data::{
    DataError, Dataset, Draws, Fields, Normalization, Philox, Progress, Record, manifest,
};
use crate::language::codes::Code;

/// How many records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Amount {
    /// This part of them, rounded to the nearest.
    Part(f64),
    /// So many.
    Count(usize),
}

impl Amount {
    /// The parameter `amount`.
    pub(super) fn of(args: &Args) -> Self {
        match args.values.get("amount").map(|argument| &argument.value) {
            Some(Value::Ratio(part)) => Amount::Part(*part),
            Some(Value::Integer(n)) => Amount::Count(usize::try_from(*n).unwrap_or(0)),
            other => panic!("`{}` has the amount {other:?}", args.of),
        }
    }

    pub(super) fn of_total(self, total: usize) -> usize {
        match self {
            Amount::Part(part) => (total as f64 * part).round() as usize,
            Amount::Count(n) => n,
        }
    }
}

/// How the records are chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rule {
    /// Any.
    Any,
    /// Each class by its share, as far as whole numbers allow.
    Shares,
    /// So many of each class.
    Each(usize),
    /// All of so many groups ([`Dataset::group`]): no group is parted.
    Groups(usize),
}

/// The number of each record's group, as they come first, and how many there are; `None` where some record is of none.
fn groups(base: &dyn Dataset) -> Option<(Vec<u32>, usize)> {
    base.group(0)?;
    let mut known: HashMap<u64, u32> = HashMap::new();
    let numbers: Option<Vec<u32>> = (0..base.len())
        .map(|index| {
            let next = known.len() as u32;
            Some(*known.entry(base.group(index)?).or_insert(next))
        })
        .collect();
    Some((numbers?, known.len()))
}

/// Which records are of the groups that are chosen, and how many groups there are: `amount` of these. `None` where records are of none.
pub(super) fn of_groups(
    base: &dyn Dataset,
    amount: Amount,
    seed: u64,
) -> Option<(Rule, usize, usize)> {
    let (numbers, all) = groups(base)?;
    let chosen = amount.of_total(all);
    let records = among(&numbers, all, chosen, seed).len();
    Some((Rule::Groups(chosen), records, all))
}

/// The records of so many groups. They depend on how many groups there are and on the order in which they come first, and on nothing else of
/// the records.
fn among(numbers: &[u32], all: usize, chosen: usize, seed: u64) -> Vec<u32> {
    let order = Philox::new(seed, &[Philox::part("choice")]).permutation(all);
    let mut taken = vec![false; all];
    for group in order.iter().take(chosen) {
        taken[*group as usize] = true;
    }
    let records = 0..numbers.len() as u32;
    records
        .filter(|record| taken[numbers[*record as usize] as usize])
        .collect()
}

/// Which records of `base` are chosen: `len` of them by `rule`, rising. A smaller choice with the same seed is part of a
/// larger one.
fn chosen(
    base: &dyn Dataset,
    rule: Rule,
    len: usize,
    seed: u64,
) -> std::result::Result<Vec<u32>, DataError> {
    if let Rule::Groups(n) = rule {
        let groups = groups(base).map(|(numbers, all)| among(&numbers, all, n, seed));
        return groups.ok_or_else(|| DataError::new("a record belongs to no group"));
    }
    let order = Philox::new(seed, &[Philox::part("choice")]).permutation(base.len());
    let mut chosen = if rule == Rule::Any {
        order[..len.min(order.len())].to_vec()
    } else {
        // records without a label are no class of their own, but give their share
        let (mut by_class, without) = sorted(order, &|index| base.class(index))?;
        if rule == Rule::Shares && !without.is_empty() {
            by_class.push(without);
        }
        let sizes: Vec<usize> = by_class.iter().map(Vec::len).collect();
        let quota = match rule {
            Rule::Each(n) => {
                if let Some(class) = sizes.iter().position(|size| *size < n) {
                    return Err(DataError::new(format!(
                        "there are only {} records of {}, not {n}",
                        sizes[class],
                        class_name(base, class)
                    )));
                }
                vec![n; sizes.len()]
            }
            _ => shares(&sizes, len),
        };
        by_class
            .into_iter()
            .zip(quota)
            .flat_map(|(class, n)| class.into_iter().take(n))
            .collect()
    };
    chosen.sort_unstable();
    Ok(chosen)
}

/// Records of each class, and those without one, in this order.
#[allow(clippy::type_complexity)]
fn sorted(
    order: Vec<u32>,
    class: &dyn Fn(usize) -> std::result::Result<Option<u32>, DataError>,
) -> std::result::Result<(Vec<Vec<u32>>, Vec<u32>), DataError> {
    let (mut by_class, mut without): (Vec<Vec<u32>>, _) = (Vec::new(), Vec::new());
    for index in order {
        let Some(class) = class(index as usize)?.map(|class| class as usize) else {
            without.push(index);
            continue;
        };
        if by_class.len() <= class {
            by_class.resize(class + 1, Vec::new());
        }
        by_class[class].push(index);
    }
    Ok((by_class, without))
}

/// Of records with these classes the part of each class for each of these rising shares, rising: those that `take(SHARE, per = class)`
/// keeps, one at least of each class that there is. A smaller part lies within a larger one.
pub fn parts_of_classes(classes: &[u32], parts: &[f64], seed: u64) -> Vec<Vec<usize>> {
    let order = Philox::new(seed, &[Philox::part("choice")]).permutation(classes.len());
    let class = |index: usize| Ok(classes.get(index).copied());
    let (by_class, _) = sorted(order, &class).unwrap_or_default();
    let sizes: Vec<usize> = by_class.iter().map(Vec::len).collect();
    let mut before: Vec<usize> = sizes.iter().map(|size| 1.min(*size)).collect();
    let part = |part: &f64| {
        let quota = shares(&sizes, Amount::Part(*part).of_total(classes.len()));
        for (most, own) in before.iter_mut().zip(quota) {
            *most = own.max(*most);
        }
        let own = by_class.iter().zip(&before);
        let mut chosen: Vec<usize> = own
            .flat_map(|(class, n)| class.iter().take(*n).map(|index| *index as usize))
            .collect();
        chosen.sort_unstable();
        chosen
    };
    parts.iter().map(part).collect()
}

fn class_name(base: &dyn Dataset, class: usize) -> String {
    match base.class_names().get(class) {
        Some(name) => format!("class `{name}`"),
        None => format!("class {class}"),
    }
}

/// Splits `len` over groups in proportion to their sizes: whole parts first, then one more for the largest remainders,
/// the first group where they are equal.
pub(in crate::data) fn shares(sizes: &[usize], len: usize) -> Vec<usize> {
    let total: usize = sizes.iter().sum();
    if total == 0 {
        return vec![0; sizes.len()];
    }
    let exact = |size: usize| size as u128 * len as u128;
    let mut quota: Vec<usize> = sizes
        .iter()
        .map(|size| (exact(*size) / total as u128) as usize)
        .collect();
    let mut rest: Vec<usize> = (0..sizes.len()).collect();
    rest.sort_by_key(|i| std::cmp::Reverse(exact(sizes[*i]) % total as u128));
    let given: usize = quota.iter().sum();
    for i in rest.into_iter().take(len - given) {
        quota[i] += 1;
    }
    quota
}

/// The records of a base that a rule chooses, or those it leaves.
pub(super) struct Choice {
    base: Arc<dyn Dataset>,
    rule: Rule,
    /// Records the rule chooses.
    count: usize,
    seed: u64,
    /// Whether this holds what is left.
    rest: bool,
    records: Lazy<Vec<u32>>,
}

impl Choice {
    pub(super) fn new(
        base: Arc<dyn Dataset>,
        rule: Rule,
        count: usize,
        seed: u64,
        rest: bool,
    ) -> Self {
        Self {
            base,
            rule,
            count,
            seed,
            rest,
            records: Lazy::default(),
        }
    }

    fn records(&self) -> std::result::Result<&[u32], DataError> {
        let records = self.records.get(|| {
            let chosen = chosen(&*self.base, self.rule, self.count, self.seed)?;
            if chosen.len() != self.count {
                return Err(DataError::new(format!(
                    "{} records were to be chosen, but there are {}",
                    self.count,
                    chosen.len()
                )));
            }
            if !self.rest {
                return Ok(chosen);
            }
            let mut chosen = chosen.into_iter().peekable();
            let all = 0..self.base.len() as u32;
            Ok(all.filter(|i| chosen.next_if_eq(i).is_none()).collect())
        })?;
        Ok(records)
    }

    fn at(&self, index: usize) -> std::result::Result<usize, DataError> {
        match self.records()?.get(index) {
            Some(record) => Ok(*record as usize),
            None => Err(DataError::outside(index, self.len())),
        }
    }
}

impl Dataset for Choice {
    fn fields(&self) -> &Fields {
        self.base.fields()
    }

    fn len(&self) -> usize {
        if self.rest {
            self.base.len() - self.count
        } else {
            self.count
        }
    }

    fn read(&self, index: usize, draws: Draws) -> std::result::Result<Record, DataError> {
        self.base.read(self.at(index)?, draws)
    }

    fn mend(&self, index: usize, draws: Draws) -> std::result::Result<Record, DataError> {
        self.base.mend(self.at(index)?, draws)
    }

    fn class(&self, index: usize) -> std::result::Result<Option<u32>, DataError> {
        self.base.class(self.at(index)?)
    }

    fn class_names(&self) -> &[String] {
        self.base.class_names()
    }

    fn manifest(&self, progress: &dyn Progress) -> std::result::Result<String, DataError> {
        let Choice {
            rule,
            count,
            seed,
            rest,
            ..
        } = self;
        let what = format!("choice {rule:?} {count} {seed} {rest}");
        Ok(manifest::composed(&what, &[self.base.manifest(progress)?]))
    }

    fn normalization(&self) -> Option<Normalization> {
        self.base.normalization()
    }

    fn no_label(&self) -> Option<&str> {
        self.base.no_label()
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
        // a choice that can't be made fails in `read`, which comes first
        self.base.id(self.at(index).unwrap_or(index))
    }

    fn origin(&self, index: usize) -> Option<String> {
        self.base.origin(self.at(index).ok()?)
    }

    fn group(&self, index: usize) -> Option<u64> {
        self.base.group(self.at(index).ok()?)
    }

    fn buffer(&self) -> Option<usize> {
        self.base.buffer()
    }

    fn portions(&self) -> Vec<Portion> {
        let chosen = || Chosen {
            rule: format!("{:?} {}", self.rule, self.seed),
            count: self.count,
            of: self.base.len(),
            rest: self.rest,
        };
        let mut portions = self.base.portions();
        match portions.as_mut_slice() {
            [one] => vec![one.clone().choose(chosen())],
            // of each part about its share
            _ => {
                let part = self.len() as f64 / self.base.len().max(1) as f64;
                portions.iter_mut().for_each(|one| one.thin(part));
                portions
            }
        }
    }

    fn fetch(&self, progress: &dyn Progress) -> std::result::Result<(), DataError> {
        self.base.fetch(progress)
    }
}

/// Refuses a choice of nothing, or of more than there is.
pub(super) fn check(what: &str, count: usize, total: usize) -> Result<()> {
    check_of(what, count, total, "records")
}

/// The same of what is called so.
pub(super) fn check_of(what: &str, count: usize, total: usize, called: &str) -> Result<()> {
    if count == 0 {
        return Err(too_few(format!("{what} of {total} {called} is none")));
    }
    if count > total {
        return Err(too_few(format!(
            "{what} asks for {count} of {total} {called}"
        )));
    }
    Ok(())
}

pub(super) fn too_few(message: String) -> Problem {
    Problem::argument(Code::TooFewSamples, "amount", message)
}
