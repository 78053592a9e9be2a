//! Between the ABI and the host: what is read from a plugin's memory, what is written there.

use pretext_plugin::abi::{self, Size as AbiSize, Status, Str, attr};

use super::super::read::{list, text, values};
use super::super::session::Session;
use crate::catalog::Result;
use crate::graph::{Attr, Attrs, Op, Size, StateId, Var};

/// A size of the ABI as one of the graph.
fn size_in(size: &AbiSize) -> Result<Size, String> {
    const LIMIT: i64 = 1 << 40;
    let far = size.terms.iter().any(|term| term.abs() > LIMIT);
    let size = Size::polynomial(&size.terms);
    // a plugin may subtract: `B - 1` is a size, `-1` is none
    if far || (size.at(1) == 0 && size.at(1 << 10) == 0 && size != Size::fixed(0)) {
        return Err(format!("{size} is no size"));
    }
    Ok(size)
}

/// A size of the graph as one of the ABI.
pub fn size_out(size: &Size) -> Result<AbiSize, String> {
    let given = size.coefficients();
    let mut terms = [0; 4];
    let Some(room) = terms.get_mut(..given.len()) else {
        return Err(format!("{size} has too high a power of the batch"));
    };
    room.copy_from_slice(given);
    Ok(AbiSize { terms })
}

impl Session {
    /// A text of the plugin.
    pub fn text<'a>(&self, from: Str) -> Result<&'a str> {
        // SAFETY: the ABI: a string is `len` bytes, lent for the call
        unsafe { text(from) }.map_err(|why| self.misused(why))
    }

    /// Gives a value to the plugin.
    pub fn give<T>(&self, to: *mut T, value: T) -> Result<()> {
        if to.is_null() || !to.is_aligned() {
            return Err(self.misused("the place for a result is null".into()));
        }
        // SAFETY: the ABI: it leads to room for one value
        unsafe { to.write(value) };
        Ok(())
    }

    /// Gives a node to the plugin.
    pub fn give_var(&self, to: *mut abi::Var, var: Var) -> Result<Status> {
        self.give(to, self.handle(var))?;
        Ok(abi::OK)
    }

    /// Gives several to the plugin, and their number. Nothing but the number where there is no room.
    pub fn give_list<T: Copy>(
        &self,
        list: &[T],
        to: *mut T,
        capacity: u64,
        count: *mut u64,
    ) -> Result<Status> {
        self.give(count, list.len() as u64)?;
        if list.len() as u64 > capacity {
            return Ok(abi::TOO_SMALL);
        }
        for (i, value) in list.iter().enumerate() {
            // within the capacity that the plugin claims for `to`
            self.give(to.wrapping_add(i), *value)?;
        }
        Ok(abi::OK)
    }

    /// Attributes of a call.
    pub fn attrs(&self, at: *const abi::Attr, count: u64) -> Result<Attrs> {
        // SAFETY: the ABI: `count` attributes, the first one's size apart
        let given = unsafe { list(at, count) }.map_err(|why| self.misused(why))?;
        let mut attrs = Attrs::new();
        for one in &given {
            let name = self.text(one.name)?;
            // SAFETY: the ABI: `count` values of the kind that `kind` says
            let value = unsafe { attribute(one) }
                .map_err(|why| self.misused(format!("attribute `{name}`: {why}")))?;
            attrs.set(name, value);
        }
        Ok(attrs)
    }

    /// The state that a value reads.
    pub fn state(&mut self, handle: abi::Var) -> Result<StateId> {
        let var = self.var(handle)?;
        match self.graph()?.node(var).op {
            Op::Read(id) => Ok(id),
            _ => Err(self.misused("what should be a state is another value".into())),
        }
    }
}

/// # Safety
/// Its pointers lead to `count` values.
unsafe fn attribute(from: &abi::Attr) -> Result<Attr, String> {
    // SAFETY: the caller's
    let sizes = || unsafe { values(from.sizes, from.count) };
    Ok(match from.kind {
        attr::INT => Attr::Int(from.integer),
        attr::FLOAT => Attr::Float(from.number),
        // SAFETY: the caller's
        attr::INTS => Attr::Ints(unsafe { values(from.ints, from.count) }?.to_vec()),
        attr::SIZE => match sizes()? {
            [one] => Attr::Size(size_in(one)?),
            _ => return Err("it is one size".into()),
        },
        attr::SIZES => Attr::Sizes(sizes()?.iter().map(size_in).collect::<Result<_, _>>()?),
        // SAFETY: the caller's
        attr::TEXT => Attr::Text(unsafe { text(from.text) }?.to_owned()),
        attr::SWITCH => Attr::Switch(from.integer != 0),
        other => return Err(format!("there is no kind {other}")),
    })
}
