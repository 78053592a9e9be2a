//! The arguments of a call, the fields of a record, and the plugin's answers.

use pretext_plugin::abi::{self, Ctx, Status, Str, value};

use super::super::session::{Session, serve};
use crate::catalog::{Duration, Result, Value};
use crate::language::canonical;

pub extern "C" fn arg(ctx: Ctx, name: Str, to: *mut abi::Value) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        let found = s
            .args
            .values
            .get(name)
            .map(|argument| argument.value.clone());
        s.answer_value(found, to)
    })
}

pub extern "C" fn arg_item(ctx: Ctx, name: Str, index: u64, to: *mut abi::Value) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        let found = match s.args.values.get(name).map(|argument| &argument.value) {
            Some(Value::List(list)) => list.get(index as usize).cloned(),
            _ => None,
        };
        s.answer_value(found, to)
    })
}

pub extern "C" fn field(ctx: Ctx, index: u64, name: *mut Str, ty: *mut Str) -> Status {
    serve(ctx, |s| {
        let Some((own, own_ty)) = s.fields.get(index as usize).cloned() else {
            return Ok(abi::ABSENT);
        };
        let (own, own_ty) = (s.lend(own), s.lend(own_ty));
        s.give(name, own)?;
        s.give(ty, own_ty)?;
        Ok(abi::OK)
    })
}

pub extern "C" fn answer(ctx: Ctx, answer: Str) -> Status {
    serve(ctx, |s| {
        let answer = s.text(answer)?;
        if s.answers.len() >= 64 {
            return Err(s.misused("it answers more than 64 times".into()));
        }
        s.answers.push(answer.to_owned());
        Ok(abi::OK)
    })
}

impl Session {
    fn answer_value(&mut self, found: Option<Value>, to: *mut abi::Value) -> Result<Status> {
        let Some(found) = found else {
            return Ok(abi::ABSENT);
        };
        let value = self.lend_value(&found);
        if to.is_null() || !to.is_aligned() {
            return Err(self.misused("the place for a value is null".into()));
        }
        // SAFETY: the ABI: a `pretext_value` begins with its size
        let room = unsafe { to.cast::<u64>().read() };
        if room < size_of::<abi::Value>() as u64 {
            let message = format!("a pretext_value of {room} bytes is too short");
            return Err(self.misused(message));
        }
        self.give(
            to,
            abi::Value {
                size: room,
                ..value
            },
        )?;
        Ok(abi::OK)
    }

    fn lend_value(&mut self, from: &Value) -> abi::Value {
        let mut to = abi::Value {
            size: 0,
            kind: value::OTHER,
            reserved: 0,
            integer: 0,
            number: 0.0,
            high: 0.0,
            text: Str::EMPTY,
        };
        (to.kind, to.number) = match from {
            Value::Number(x) => (value::NUMBER, *x),
            Value::Integer(n) => {
                to.integer = *n;
                (value::INTEGER, *n as f64)
            }
            Value::Ratio(x) => (value::RATIO, *x),
            Value::Length(x) => (value::LENGTH, *x),
            Value::Duration(Duration::Epochs(n)) => (value::EPOCHS, *n),
            Value::Duration(Duration::Steps(n)) => {
                to.integer = *n as i64;
                (value::STEPS, *n as f64)
            }
            Value::Range(low, high) => {
                to.high = *high;
                (value::RANGE, *low)
            }
            Value::Text(text) => {
                to.text = self.lend(text.as_str());
                (value::TEXT, 0.0)
            }
            Value::Word(word) | Value::Place(word) => {
                to.text = self.lend(word.as_str());
                (value::WORD, 0.0)
            }
            Value::List(list) => {
                to.integer = list.len() as i64;
                (value::LIST, 0.0)
            }
            Value::Net(_) => (value::NET, 0.0),
            other => {
                to.text = self.lend(canonical(other));
                (value::OTHER, 0.0)
            }
        };
        to
    }
}
