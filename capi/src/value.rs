//! Values: what scripts print and keep.

use std::ffi::{CString, c_char};
use std::ptr::null;

use gprobe_rust as gprobe;

use gprobe::go::GoKind;

use crate::error::guarded;
use crate::text::{c_string, shared, unique};

/// What a value is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// Nothing.
    None = 0,
    /// A truth value: gprobe_value_int() is 0 or 1.
    Bool = 1,
    /// A number with a sign: gprobe_value_int(). Durations are nanoseconds, sizes bytes.
    Int = 2,
    /// A number without a sign: gprobe_value_uint(). Addresses and values of enumerations are such numbers.
    Uint = 3,
    /// A floating-point number: gprobe_value_float().
    Float = 4,
    /// Bytes: gprobe_value_bytes(). A string's need not be UTF-8.
    Bytes = 5,
    /// Parts, with or without names: gprobe_value_len(), gprobe_value_part(), gprobe_value_name().
    List = 6,
    /// A stack, innermost frame first: gprobe_value_len(), gprobe_value_frame().
    Stack = 7,
    /// A name or whatever else is a text: gprobe_value_text().
    Text = 8,
}

/// A frame of a stack. Texts belong to the value, and are NULL where they are not known.
#[repr(C)]
pub struct Frame {
    /// The address.
    pub addr: u64,
    /// The function.
    pub function: *const c_char,
    /// Bytes into it.
    pub offset: u64,
    /// The source file.
    pub source: *const c_char,
    /// The line in it; 0 where it is not known.
    pub line: u32,
}

/// A value. It belongs to the event or map that it is of.
pub struct Value {
    kind: ValueKind,
    /// A number's bits.
    bits: u64,
    bytes: Vec<u8>,
    text: CString,
    parts: Vec<Value>,
    names: Vec<CString>,
    frames: Vec<OwnFrame>,
}

struct OwnFrame {
    addr: u64,
    offset: u64,
    function: Option<CString>,
    source: Option<(CString, u32)>,
}

impl Value {
    pub(crate) fn new(value: &gprobe::Value) -> Self {
        use gprobe::Value as V;
        let text = c_string(&gprobe::output::value_text(value));
        let of = |kind, bits: u64| Self { bits, ..Self::plain(kind, text.clone()) };
        let list =
            |parts: Vec<Value>, names| Self { parts, names, ..Self::plain(ValueKind::List, text.clone()) };
        match value {
            V::None => of(ValueKind::None, 0),
            V::Bool(value) => of(ValueKind::Bool, u64::from(*value)),
            V::Int(n) | V::Duration(n) | V::Size(n) => of(ValueKind::Int, *n as u64),
            V::UInt(n) | V::Pointer(n) => of(ValueKind::Uint, *n),
            V::Enum { value, .. } => of(ValueKind::Uint, *value),
            V::Symbol { addr, .. } => of(ValueKind::Uint, *addr),
            V::Timestamp { nsecs, .. } => of(ValueKind::Uint, *nsecs),
            V::Float { bits } => of(ValueKind::Float, *bits),
            V::Str { bytes, .. } | V::Bytes { bytes } => {
                Self { bytes: bytes.clone(), ..Self::plain(ValueKind::Bytes, text) }
            }
            V::Tuple(parts) | V::Array(parts) => list(parts.iter().map(Self::new).collect(), Vec::new()),
            V::Record(parts) => {
                let names = parts.iter().map(|(name, _)| c_string(name)).collect();
                list(parts.iter().map(|(_, part)| Self::new(part)).collect(), names)
            }
            V::Stack { frames, .. } => Self {
                frames: frames.iter().map(OwnFrame::new).collect(),
                ..Self::plain(ValueKind::Stack, text)
            },
            V::Go(value) => match &value.kind {
                GoKind::Bool(value) => of(ValueKind::Bool, u64::from(*value)),
                GoKind::Int(n) => of(ValueKind::Int, *n as u64),
                GoKind::Uint(n) => of(ValueKind::Uint, *n),
                GoKind::Float { bits, .. } => of(ValueKind::Float, *bits),
                GoKind::Str { bytes, .. } => {
                    Self { bytes: bytes.clone(), ..Self::plain(ValueKind::Bytes, text) }
                }
                _ => of(ValueKind::Text, 0),
            },
            _ => of(ValueKind::Text, 0),
        }
    }

    fn plain(kind: ValueKind, text: CString) -> Self {
        Self {
            kind,
            bits: 0,
            bytes: Vec::new(),
            text,
            parts: Vec::new(),
            names: Vec::new(),
            frames: Vec::new(),
        }
    }
}

impl OwnFrame {
    fn new(frame: &gprobe::Frame) -> Self {
        let source = frame.line.as_ref().map(|(file, line)| (c_string(file), *line));
        Self {
            addr: frame.addr,
            offset: frame.offset,
            function: frame.function.as_deref().map(c_string),
            source,
        }
    }
}

/// What a value is; GPROBE_VALUE_TYPE_NONE for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_value_kind(value: *const Value) -> ValueKind {
    guarded(ValueKind::None, || Ok(shared(value, "value")?.kind))
}

/// A number with a sign, as far as it fits; 0 for what is no number.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_value_int(value: *const Value) -> i64 {
    guarded(0, || Ok(shared(value, "value")?.bits as i64))
}

/// A number without a sign; 0 for what is no number.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_value_uint(value: *const Value) -> u64 {
    guarded(0, || Ok(shared(value, "value")?.bits))
}

/// A floating-point number; 0 for what is none.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_value_float(value: *const Value) -> f64 {
    guarded(0.0, || {
        let value = shared(value, "value")?;
        Ok(if value.kind == ValueKind::Float { f64::from_bits(value.bits) } else { 0.0 })
    })
}

/// Any value as print() shows it. Control characters of the target may be in it.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_value_text(value: *const Value) -> *const c_char {
    guarded(null(), || Ok(shared(value, "value")?.text.as_ptr()))
}

/// The bytes of a string or buffer, and how many there are in `*len`; NULL for what has none.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_value_bytes(value: *const Value, len: *mut usize) -> *const u8 {
    guarded(null(), || {
        let value = shared(value, "value")?;
        *unique(len, "length")? = value.bytes.len();
        Ok(if value.kind == ValueKind::Bytes { value.bytes.as_ptr() } else { null() })
    })
}

/// How many parts a list has, or frames a stack.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_value_len(value: *const Value) -> usize {
    guarded(0, || {
        let value = shared(value, "value")?;
        Ok(if value.kind == ValueKind::Stack { value.frames.len() } else { value.parts.len() })
    })
}

/// A part of a list; NULL where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_value_part(value: *const Value, index: usize) -> *const Value {
    guarded(null(), || Ok(shared(value, "value")?.parts.get(index).map_or(null(), std::ptr::from_ref)))
}

/// The name of a part of a record or struct; NULL where it has none.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_value_name(value: *const Value, index: usize) -> *const c_char {
    guarded(null(), || Ok(shared(value, "value")?.names.get(index).map_or(null(), |name| name.as_ptr())))
}

/// Fills in a frame of a stack; false where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_value_frame(value: *const Value, index: usize, frame: *mut Frame) -> bool {
    guarded(false, || {
        let Some(found) = shared(value, "value")?.frames.get(index) else { return Ok(false) };
        *unique(frame, "frame")? = Frame {
            addr: found.addr,
            function: found.function.as_ref().map_or(null(), |name| name.as_ptr()),
            offset: found.offset,
            source: found.source.as_ref().map_or(null(), |(file, _)| file.as_ptr()),
            line: found.source.as_ref().map_or(0, |(_, line)| *line),
        };
        Ok(true)
    })
}
