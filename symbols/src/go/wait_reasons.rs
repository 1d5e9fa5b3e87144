//! The texts of wait reasons: the array `runtime.waitReasonStrings` (`runtime/runtime2.go`).

use crate::address::LinkAddr;
use crate::binary::Binary;
use crate::error::Reason;
use crate::insn::operands::How;

/// Bytes of a Go string's header: pointer, length.
const HEADER: u64 = 16;
/// More than any release has.
const MOST: u64 = 255;
/// Longer than any text.
const LONGEST: u64 = 256;
/// Functions that look a text up, with the check that there is one: where one of them is not linked in, the
/// other has it inlined.
const USERS: [&str; 2] = ["runtime.waitReason.String", "runtime.goroutineheader"];
/// The second text, in all releases from Go 1.11 to 1.27; the first is empty.
const SECOND: &str = "GC assist marking";
/// Instructions between the check and the look-up.
const NEAR: usize = 12;

/// The texts by their number.
pub(crate) fn read(binary: &Binary) -> Result<Vec<String>, Reason> {
    binary.go_version().ok_or(Reason::NotGo)?;
    let missing = || Reason::Stripped { what: "what wait reasons are called".to_owned() };
    let symbol = binary.variable("runtime.waitReasonStrings");
    let known = symbol.map(|array| (array.addr, array.size.checked_div(HEADER).unwrap_or(0)));
    let (array, count) = known.or_else(|| by_code(binary)).ok_or_else(missing)?;
    (0..count.min(MOST)).map(|index| text(binary, array, index).ok_or_else(missing)).collect()
}

/// The array's address and its number of texts, from code that uses it.
fn by_code(binary: &Binary) -> Option<(LinkAddr, u64)> {
    USERS.iter().flat_map(|name| binary.runtime_code(name)).find_map(|code| {
        let at = code.iter().position(|at| {
            let taken = at.reference().filter(|reference| reference.how == How::Address);
            taken.is_some_and(|it| text(binary, it.target, 1).as_deref() == Some(SECOND))
        })?;
        let array = code.get(at)?.reference()?.target;
        let before = code.get(at.saturating_sub(NEAR)..at)?;
        let count = before.iter().rev().find_map(|at| at.compares_byte_with())?;
        Some((array, u64::from(count)))
    })
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
