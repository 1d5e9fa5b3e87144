//! The texts of wait reasons: the array `runtime.waitReasonStrings` (`runtime/runtime2.go`).

use crate::address::LinkAddr;
use crate::binary::Binary;
use crate::error::Reason;

/// Bytes of a Go string's header: pointer, length.
const HEADER: u64 = 16;
/// More than any release has.
const MOST: u64 = 255;
/// Longer than any text.
const LONGEST: u64 = 256;

/// The texts by their number.
pub(crate) fn read(binary: &Binary) -> Result<Vec<String>, Reason> {
    binary.go_version().ok_or(Reason::NotGo)?;
    let missing = || Reason::Stripped { what: "what wait reasons are called".to_owned() };
    let array = binary.variable("runtime.waitReasonStrings").ok_or_else(missing)?;
    let count = array.size.checked_div(HEADER).unwrap_or(0).min(MOST);
    (0..count).map(|index| text(binary, array.addr, index).ok_or_else(missing)).collect()
}

fn text(binary: &Binary, array: LinkAddr, index: u64) -> Option<String> {
    let header = array.checked_add(index.checked_mul(HEADER)?)?;
    let data = binary.pointer_at(header)?;
    let len = binary.pointer_at(header.checked_add(8)?)?;
    if len == 0 {
        return Some(String::new());
    }
    let bytes = binary.bytes_at(LinkAddr(data), usize::try_from(len.min(LONGEST)).ok()?)?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}
