//! Bytes of records, keys and values become typed values.

use std::net::IpAddr;
use std::os::fd::OwnedFd;

use gprobe_compiler::artifact::{
    Action, Artifact, CType, EnumTable, Field, GO_STACKS, GoCapture, KERNEL_STACKS, RECORD_HEADER, Type,
    USER_STACKS,
};

use gprobe_compiler::target::TargetBinary;

use crate::error::Error;
use crate::event::{Event, Frame, Value};
use crate::go::Reader;
use crate::gostack;
use crate::names;
use crate::process::{Places, load_bias};
use crate::read;
use crate::store::Store;
use crate::symbolise::Symboliser;
use crate::sys::bpf;
use crate::tracer::Traced;

/// Most frames that the stack maps hold.
const STACK_FRAMES: usize = 127;

/// Reads values, with the names that they need.
pub(crate) struct Decoder {
    probes: Vec<String>,
    enums: Vec<EnumTable>,
    user_stacks: Option<OwnedFd>,
    kernel_stacks: Option<OwnedFd>,
    symboliser: Symboliser,
    go_stacks: Option<OwnedFd>,
    go_values: Vec<GoCapture>,
    /// The Go program, and where it is in memory.
    go_program: Option<Places>,
}

impl Decoder {
    pub(crate) fn new(symboliser: Symboliser) -> Self {
        Self {
            probes: Vec::new(),
            enums: Vec::new(),
            user_stacks: None,
            kernel_stacks: None,
            go_stacks: None,
            symboliser,
            go_values: Vec::new(),
            go_program: None,
        }
    }

    /// Takes over what a new script says of values, of which the earlier ones know less.
    pub(crate) fn learn(&mut self, artifact: &Artifact, store: &Store) -> Result<(), Error> {
        let newer = |new: usize, old: usize| new >= old;
        if newer(artifact.probes.len(), self.probes.len()) {
            self.probes.clone_from(&artifact.probes);
        }
        if newer(artifact.enums.len(), self.enums.len()) {
            self.enums.clone_from(&artifact.enums);
        }
        if newer(artifact.go_values.len(), self.go_values.len()) {
            self.go_values.clone_from(&artifact.go_values);
        }
        for (known, name) in [
            (&mut self.user_stacks, USER_STACKS),
            (&mut self.kernel_stacks, KERNEL_STACKS),
            (&mut self.go_stacks, GO_STACKS),
        ] {
            if known.is_none() {
                *known =
                    store.map(name).map(|fd| fd.try_clone_to_owned()).transpose().map_err(Error::Wait)?;
            }
        }
        if let (None, Some(program)) = (&self.go_program, &artifact.go_program) {
            let fixed = (!program.binary.is_pie()).then_some(0);
            self.go_program = Some(Places::new(program.clone(), fixed));
        }
        self.symboliser.add_files(artifact.binaries.iter().map(|binary| binary.path.as_str()));
        Ok(())
    }

    /// Notes where the Go program lies in processes: each with what is added to the file's addresses.
    pub(crate) fn place(&mut self, there: &[(u32, u64)]) {
        if let Some(program) = &mut self.go_program {
            there.iter().for_each(|(_, bias)| program.add(*bias));
        }
    }

    /// A record of the ring buffer; `None` where it has been dealt with here, an error where it is
    /// no record.
    pub(crate) fn event(&mut self, store: &Store, record: &[u8]) -> Result<Option<Traced>, ()> {
        let action = word(record, 0).ok_or(())?;
        let action = usize::try_from(action).map_err(|_| ())?;
        let event = match store.actions.get(action).ok_or(())? {
            Action::Printf { args, .. } => {
                let args = args.iter().map(|field| self.field(record, field)).collect::<Option<_>>();
                Event::Printf { action, args: args.ok_or(())? }
            }
            Action::Message { args, .. }
            | Action::System { args, .. }
            | Action::Cat { args, .. }
            | Action::Join { args, .. } => {
                let args = args.iter().map(|field| self.field(record, field)).collect::<Option<Vec<_>>>();
                let args = args.ok_or(())?;
                match store.actions.get(action) {
                    Some(Action::Message { .. }) => Event::Message { action, args },
                    Some(Action::System { .. }) => Event::System { action, args },
                    Some(Action::Cat { .. }) => Event::Cat { action, args },
                    _ => Event::Join { action, args },
                }
            }
            Action::Trouble { code, .. } => {
                let code = code.as_ref().and_then(|field| word(record, field.offset as usize));
                Event::Trouble { action, code: code.map(|code| code as i64) }
            }
            Action::Result { value } => Event::Result(self.field(record, value).ok_or(())?),
            Action::PrintElement { map, key } => {
                let parts: Vec<(u32, u32)> =
                    key.iter().map(|field| (field.offset, field.ty.size())).collect();
                let key: Option<Vec<Value>> = key.iter().map(|field| self.field(record, field)).collect();
                let key = key.ok_or(())?;
                let bytes: Vec<u8> = parts
                    .iter()
                    .flat_map(|(at, size)| record.get(*at as usize..(at + size) as usize).unwrap_or_default())
                    .copied()
                    .collect();
                let entry = read::element(store, self, *map, &bytes, key).map_err(|_| ())?;
                Event::Element { map: *map, entry }
            }
            Action::PrintValue { value } => Event::Value(self.field(record, value).ok_or(())?),
            Action::PrintMap { map, top, div } => {
                let entries = read::snapshot(store, self, *map).map_err(|_| ())?;
                Event::Map { map: *map, top: *top, div: *div, entries }
            }
            Action::Table { maps, .. } => {
                let entries = maps.iter().map(|map| read::snapshot(store, self, *map));
                Event::Table { action, entries: entries.collect::<Result<_, _>>().map_err(|_| ())? }
            }
            Action::Clear { map } => {
                read::clear(store, *map).map_err(|_| ())?;
                return Ok(None);
            }
            Action::Zero { map } => {
                read::zero(store, *map).map_err(|_| ())?;
                return Ok(None);
            }
            Action::Time { format } => Event::Time { format: format.clone() },
            Action::Exit => return Ok(None),
        };
        Ok(Some(Traced { action: Some(action), event }))
    }

    /// Looks for processes that run a file which lies elsewhere in each.
    pub(crate) fn found(&mut self, file: &TargetBinary) {
        for pid in crate::process::running(&file.path) {
            let own = TargetBinary { path: format!("/proc/{pid}/exe"), ..file.clone() };
            if self.symboliser.add_target(pid)
                && let Ok(Some(bias)) = load_bias(pid, &own)
                && let Some(program) = &mut self.go_program
            {
                program.add(bias);
            }
        }
    }

    /// Reads anew what the target has mapped.
    pub(crate) fn refresh(&mut self) {
        self.symboliser.refresh_targets();
    }

    fn field(&mut self, record: &[u8], field: &Field) -> Option<Value> {
        debug_assert!(field.offset >= RECORD_HEADER);
        self.value(record.get(field.offset as usize..)?, &field.ty)
    }

    /// A value from the bytes it begins with; `None` where there are too few.
    pub(crate) fn value(&mut self, bytes: &[u8], ty: &Type) -> Option<Value> {
        match ty {
            Type::Tuple(parts) => return Some(Value::Tuple(self.values(bytes, parts)?)),
            Type::Record(parts) => {
                let types: Vec<Type> = parts.iter().map(|(_, ty)| ty.clone()).collect();
                let values = self.values(bytes, &types)?;
                let names = parts.iter().map(|(name, _)| name.clone());
                return Some(Value::Record(names.zip(values).collect()));
            }
            Type::Str { max } => return string(bytes, *max),
            Type::Buf { max } => {
                let len = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?).min(*max) as usize;
                return Some(Value::Bytes { bytes: bytes.get(4..4 + len)?.to_vec() });
            }
            Type::C(ty) => return self.c_value(bytes, ty),
            Type::Inet => return inet(bytes),
            Type::Go { capture, .. } => return self.go_value(bytes, *capture),
            Type::None => return Some(Value::None),
            _ => {}
        }
        let word = word(bytes, 0)?;
        Some(match ty {
            Type::Bool => Value::Bool(word != 0),
            Type::Int { signed: true, .. } => Value::Int(word as i64),
            Type::Int { signed: false, .. } => Value::UInt(word),
            Type::Enum(table) => {
                let name = self.enums.get(*table as usize).and_then(|t| t.name_of(word));
                Value::Enum { name: name.map(str::to_owned), value: word }
            }
            Type::UserSymbol => symbol(word, &self.symboliser.user(0, word)),
            Type::KernelSymbol => symbol(word, &self.symboliser.kernel(word)),
            Type::GoLine => go_line(word, &mut self.symboliser),
            Type::UserFunction => Value::Name(self.symboliser.function(word)),
            Type::UserStack { depth, mode } => {
                Value::Stack { frames: self.user_stack(word, *depth), mode: *mode }
            }
            Type::KernelStack { depth, mode } => {
                Value::Stack { frames: self.kernel_stack(word, *depth), mode: *mode }
            }
            Type::GoStack { depth, mode } => {
                let found = gostack::words(self.go_stacks.as_ref(), word);
                let frames = gostack::frames(&mut self.symboliser, &found, *depth as usize, *mode);
                Value::Stack { frames, mode: *mode }
            }
            Type::GoTypeName => Value::Name(self.go_type_name(word)),
            Type::Mac => {
                let [a, b, c, d, e, f, _, _] = word.to_le_bytes();
                Value::Mac([a, b, c, d, e, f])
            }
            Type::Username => Value::Name(names::user(word)),
            Type::ErrorText => Value::Name(names::error(word as i64)),
            Type::SignalName => Value::Name(names::signal(word as i64)),
            Type::SyscallName => Value::Name(names::syscall(word)),
            Type::CgroupPath => Value::Name(names::cgroup(word)),
            Type::ProbeName => {
                let name = usize::try_from(word).ok().and_then(|i| self.probes.get(i));
                Value::Name(name.cloned().unwrap_or_default())
            }
            Type::Duration => Value::Duration(word as i64),
            Type::Size => Value::Size(word as i64),
            Type::Timestamp(format) => Value::Timestamp { nsecs: word, format: format.clone() },
            _ => Value::Pointer(word),
        })
    }

    /// Values that stand one after the other.
    pub(crate) fn values(&mut self, bytes: &[u8], types: &[Type]) -> Option<Vec<Value>> {
        let mut at = 0;
        types
            .iter()
            .map(|ty| {
                let value = self.value(bytes.get(at..)?, ty);
                at += ty.size() as usize;
                value
            })
            .collect()
    }

    fn go_value(&mut self, bytes: &[u8], capture: u32) -> Option<Value> {
        let capture = self.go_values.get(capture as usize)?;
        let value = Reader::read(self.go_program.as_ref()?, capture, bytes)?;
        Some(Value::Go(Box::new(value)))
    }

    /// The name of a Go type by the address of what the program knows of it.
    fn go_type_name(&self, addr: u64) -> String {
        let found = self.go_program.as_ref().and_then(|places| crate::go::type_name(places, addr));
        match (addr, found) {
            (0, _) => "<nil>".to_owned(),
            (_, Some(name)) => name,
            (addr, None) => format!("{addr:#x}"),
        }
    }

    /// A C value as it lies in memory.
    fn c_value(&mut self, bytes: &[u8], ty: &CType) -> Option<Value> {
        Some(match ty {
            CType::Void => Value::None,
            CType::Bool => Value::Bool(*bytes.first()? != 0),
            CType::Int { bytes: n, signed } => number(bytes, *n, *signed)?,
            CType::Float { bytes: 4 } => {
                let value = f32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
                Value::Float { bits: f64::from(value).to_bits() }
            }
            CType::Float { .. } => Value::Float { bits: word(bytes, 0)? },
            CType::Enum { table, bytes: n } => {
                let value = match number(bytes, *n, false)? {
                    Value::UInt(value) => value,
                    _ => 0,
                };
                let name = self.enums.get(*table as usize).and_then(|t| t.name_of(value));
                Value::Enum { name: name.map(str::to_owned), value }
            }
            CType::Pointer(_) => Value::Pointer(word(bytes, 0)?),
            CType::Chars { len } => {
                let text = bytes.get(..*len as usize)?;
                let end = text.iter().position(|b| *b == 0).unwrap_or(text.len());
                Value::Str { bytes: text.get(..end)?.to_vec(), truncated: false }
            }
            CType::Array { of, len } => {
                let size = of.size() as usize;
                let elements = (0..*len as usize).map(|i| self.c_value(bytes.get(i * size..)?, of));
                Value::Array(elements.collect::<Option<_>>()?)
            }
            CType::Struct(of) => {
                let mut fields = Vec::new();
                for field in &of.fields {
                    let value = self.c_value(bytes.get(field.offset as usize..)?, &field.ty)?;
                    let value = match field.bits {
                        Some((shift, width)) => bit_field(value, shift, width),
                        None => value,
                    };
                    fields.push((field.name.clone(), value));
                }
                Value::Record(fields)
            }
        })
    }

    fn user_stack(&mut self, id: u64, depth: u32) -> Vec<Frame> {
        let pid = (id >> 32) as u32;
        let addresses = self.user_stacks.as_ref().map(|map| frames(map, id, depth)).unwrap_or_default();
        addresses.into_iter().map(|addr| self.symboliser.user(pid, addr)).collect()
    }

    fn kernel_stack(&mut self, id: u64, depth: u32) -> Vec<Frame> {
        let addresses = self.kernel_stacks.as_ref().map(|map| frames(map, id, depth)).unwrap_or_default();
        addresses.into_iter().map(|addr| self.symboliser.kernel(addr)).collect()
    }
}

/// The addresses of a stack, innermost first.
fn frames(map: &OwnedFd, id: u64, depth: u32) -> Vec<u64> {
    use std::os::fd::AsFd;
    let mut bytes = [0; STACK_FRAMES * 8];
    if (id as i64) < 0 || !bpf::lookup(map.as_fd(), &(id as u32).to_le_bytes(), &mut bytes).unwrap_or(false) {
        return Vec::new();
    }
    let words = bytes.chunks_exact(8).filter_map(|c| c.try_into().ok()).map(u64::from_le_bytes);
    words.take_while(|&addr| addr != 0).take(depth as usize).collect()
}

/// The line of a call that returns to this address.
fn go_line(addr: u64, symboliser: &mut Symboliser) -> Value {
    if addr == 0 {
        return Value::Name("none".to_owned());
    }
    let source = symboliser.source(addr, true);
    Value::Name(match source.frames.first() {
        Some(Frame { function: Some(function), line: Some((file, line)), .. }) => {
            format!("{function}@{file}:{line}")
        }
        Some(frame) => frame.to_string(),
        None => format!("{addr:#x}"),
    })
}

fn symbol(addr: u64, frame: &Frame) -> Value {
    Value::Symbol { addr, text: frame.to_string() }
}

/// An integer of `n` bytes.
fn number(bytes: &[u8], n: u8, signed: bool) -> Option<Value> {
    let mut word = [0; 8];
    let n = usize::from(n);
    word.get_mut(..n)?.copy_from_slice(bytes.get(..n)?);
    let value = u64::from_le_bytes(word);
    let unused = 64 - 8 * n as u32;
    Some(if signed { Value::Int((value << unused) as i64 >> unused) } else { Value::UInt(value) })
}

/// Some bits of a number.
fn bit_field(value: Value, shift: u32, width: u32) -> Value {
    let (left, right) = (64 - shift - width, 64 - width);
    match value {
        Value::Int(word) => Value::Int(word << left >> right),
        Value::UInt(word) => Value::UInt(word << left >> right),
        other => other,
    }
}

fn inet(bytes: &[u8]) -> Option<Value> {
    let address = bytes.get(8..24)?;
    Some(Value::Inet(match word(bytes, 0)? {
        16 => IpAddr::from(<[u8; 16]>::try_from(address).ok()?),
        _ => IpAddr::from(<[u8; 4]>::try_from(address.get(..4)?).ok()?),
    }))
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

/// A length of 4 bytes, then at most `max` bytes of text.
fn string(bytes: &[u8], max: u32) -> Option<Value> {
    let len = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
    let kept = len.min(max) as usize;
    let text = bytes.get(4..4 + kept)?;
    let truncated = len > max;
    // The kernel ends what it cuts off with a 0.
    let text = if truncated { text.strip_suffix(&[0]).unwrap_or(text) } else { text };
    Some(Value::Str { bytes: text.to_vec(), truncated })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_say_whether_they_were_longer() {
        let value = |bytes: &[u8], truncated| Some(Value::Str { bytes: bytes.to_vec(), truncated });
        assert_eq!(string(b"\x02\0\0\0ab\0\0", 4), value(b"ab", false));
        assert_eq!(string(b"\x09\0\0\0abcd", 4), value(b"abcd", true));
        assert_eq!(string(b"\x09\0\0\0ab", 4), None);
    }
}
