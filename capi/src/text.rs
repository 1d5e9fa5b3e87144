//! Texts and pointers across the border.

use std::ffi::{CStr, CString, c_char};

use crate::error::Wrong;

/// A text for C; a 0 byte in it is shown in words.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "\\x00")).unwrap_or_default()
}

/// A text of the caller's.
pub(crate) fn text<'t>(pointer: *const c_char, what: &str) -> Result<&'t str, Wrong> {
    if pointer.is_null() {
        return Err(format!("{what} is NULL"));
    }
    // SAFETY: not null; the header asks for a text that ends with a 0 byte and stays for the call.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    bytes.to_str().map_err(|_| format!("{what} is no UTF-8"))
}

/// Texts of the caller's.
pub(crate) fn texts(pointer: *const *const c_char, count: usize, what: &str) -> Result<Vec<String>, Wrong> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if pointer.is_null() {
        return Err(format!("{what} is NULL"));
    }
    // SAFETY: not null; the header asks for as many pointers as `count` says.
    let all = unsafe { std::slice::from_raw_parts(pointer, count) };
    all.iter().map(|one| text(*one, what).map(str::to_owned)).collect()
}

/// Something of the caller's that is looked at.
pub(crate) fn shared<'t, T>(pointer: *const T, what: &str) -> Result<&'t T, Wrong> {
    // SAFETY: null, or what a function of the header has given and the caller has not freed.
    unsafe { pointer.as_ref() }.ok_or_else(|| format!("the {what} is NULL"))
}

/// Something of the caller's that is changed.
pub(crate) fn unique<'t, T>(pointer: *mut T, what: &str) -> Result<&'t mut T, Wrong> {
    // SAFETY: as for `shared`; the header asks that one thread uses it at a time.
    unsafe { pointer.as_mut() }.ok_or_else(|| format!("the {what} is NULL"))
}

/// Takes back what was given to the caller; nothing for NULL.
pub(crate) fn taken<T>(pointer: *mut T) -> Option<Box<T>> {
    // SAFETY: the functions of the header make these by `Box::into_raw`, and the caller gives each back once.
    (!pointer.is_null()).then(|| unsafe { Box::from_raw(pointer) })
}

/// Gives something to the caller.
pub(crate) fn given<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}
