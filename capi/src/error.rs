//! What went wrong last, and the border that no panic crosses.

use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::text::c_string;

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
}

/// Why a call did not do what it was asked to.
pub(crate) type Wrong = String;

/// Runs the inside of a function; what goes wrong is kept, and `failed` is given back.
pub(crate) fn guarded<T>(failed: T, run: impl FnOnce() -> Result<T, Wrong>) -> T {
    let done = catch_unwind(AssertUnwindSafe(run));
    let why = match done {
        Ok(Ok(value)) => return value,
        Ok(Err(why)) => why,
        Err(_) => "gprobe panicked, which is a bug of gprobe".to_owned(),
    };
    LAST.with(|last| *last.borrow_mut() = c_string(&why));
    failed
}

/// Why the last call of this thread that failed did so: what happened and what to do, of a wrong script with its line and a
/// caret. Valid until the next call that fails; empty where none has failed.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_last_error() -> *const c_char {
    LAST.with(|last| last.borrow().as_ptr())
}
