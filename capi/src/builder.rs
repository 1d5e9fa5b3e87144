//! What a session is to be of.

use std::ffi::c_char;
use std::ptr::null_mut;

use gprobe_rust as gprobe;

use crate::error::{Wrong, guarded};
use crate::session::Session;
use crate::text::{given, taken, text, texts, unique};

/// Says what a session is of: a process, an executable, a command, or the whole machine.
pub struct Builder(gprobe::Builder);

impl Builder {
    fn change(
        pointer: *mut Self,
        change: impl FnOnce(gprobe::Builder) -> Result<gprobe::Builder, Wrong>,
    ) -> bool {
        guarded(false, || {
            let builder = unique(pointer, "builder")?;
            builder.0 = change(std::mem::take(&mut builder.0))?;
            Ok(true)
        })
    }
}

/// A builder, to be given to gprobe_open() or gprobe_builder_free().
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_builder_new() -> *mut Builder {
    given(Builder(gprobe::Session::builder()))
}

/// Frees a builder that is not opened. NULL is nothing.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_builder_free(builder: *mut Builder) {
    drop(taken(builder));
}

/// Traces a process, and those that were named before; all run one build. It may be the calling process.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_builder_pid(builder: *mut Builder, pid: u32) -> bool {
    Builder::change(builder, |builder| Ok(builder.pid(pid)))
}

/// Traces all processes that run a file, now and later.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_builder_executable(builder: *mut Builder, path: *const c_char) -> bool {
    Builder::change(builder, |builder| Ok(builder.executable(text(path, "the path")?)))
}

/// Starts a command, of so many words, and traces it; it stands before its first instruction until gprobe_release().
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_builder_command(
    builder: *mut Builder,
    words: *const *const c_char,
    count: usize,
) -> bool {
    Builder::change(builder, |builder| Ok(builder.command(texts(words, count, "a word")?)))
}

/// A setting of scripts, which wins over their own: `max_map_keys`, `1000`.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_builder_setting(
    builder: *mut Builder,
    name: *const c_char,
    value: *const c_char,
) -> bool {
    Builder::change(
        builder,
        |builder| Ok(builder.setting(text(name, "the name")?, text(value, "the value")?)),
    )
}

/// A provider of one's own: its name, and the text of its moments, `probe NAME:MOMENT = ...`.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_builder_provider(
    builder: *mut Builder,
    name: *const c_char,
    definition: *const c_char,
) -> bool {
    Builder::change(builder, |builder| {
        Ok(builder.provider(text(name, "the name")?, text(definition, "the definition")?))
    })
}

/// Allows functions of scripts that do more than look: system(), signal().
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_builder_allow_unsafe(builder: *mut Builder, allowed: bool) -> bool {
    Builder::change(builder, |builder| Ok(builder.allow_unsafe(allowed)))
}

/// Opens a session; the builder is used up, also where this fails. NULL where the target can't be opened.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_open(builder: *mut Builder) -> *mut Session {
    guarded(null_mut(), || {
        let builder = taken(builder).ok_or("the builder is NULL")?;
        let session = builder.0.build().map_err(|error| error.to_string())?;
        Ok(given(Session::new(session)))
    })
}
