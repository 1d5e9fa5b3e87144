//! Checks on the live process that the Go runtime's structs are where they are believed to be.

use gprobe_symbols::Binary;

use crate::error::Error;
use crate::sys::process::read_memory;

/// Most goroutines that are looked at.
const SAMPLE: u64 = 64;
/// A goroutine's status bit while the collector scans its stack.
const GSCAN: u32 = 0x1000;
/// The highest status of Go 1.27 (`_Gdeadextra`).
const LAST_STATUS: u32 = 11;
/// No program has made as many goroutines.
const MAX_GOID: u64 = 1 << 48;

/// Makes sure that m0 and its g0 point at each other, and that goroutines have ids and statuses
/// that can be. `file` is the Go program of the process, in whose memory it lies `bias` from its own
/// addresses.
pub(crate) fn verify(pid: u32, file: &Binary, bias: u64) -> Result<(), Error> {
    let wrong = |why: &str| Error::Layout { pid, why: why.to_owned() };
    let offsets = file.runtime_offsets().map_err(|reason| wrong(&reason.to_string()))?;
    let (Some(m0), Some(g0)) = (file.variable("runtime.m0"), file.variable("runtime.g0")) else {
        return Err(wrong("it has no runtime.m0 and runtime.g0"));
    };
    let (m0, g0) = (m0.addr.0.wrapping_add(bias), g0.addr.0.wrapping_add(bias));
    let word = |addr: u64| -> Result<u64, Error> {
        let mut bytes = [0; 8];
        read_memory(pid, addr, &mut bytes).map_err(|e| wrong(&format!("{addr:#x} can't be read ({e})")))?;
        Ok(u64::from_le_bytes(bytes))
    };
    let m_g0 = word(m0.wrapping_add(offsets.m.g0.value))?;
    let g_m = word(g0.wrapping_add(offsets.g.m.value))?;
    if m_g0 == 0 && g_m == 0 {
        // Started a moment ago: the runtime has not set itself up yet.
        return Ok(());
    }
    if m_g0 != g0 || g_m != m0 {
        return Err(wrong("runtime.m0 and runtime.g0 do not point at each other"));
    }
    let Some(allgs) = file.variable("runtime.allgs") else { return Ok(()) };
    let allgs = allgs.addr.0.wrapping_add(bias);
    let (list, count) = (word(allgs)?, word(allgs.wrapping_add(8))?);
    for index in 0..count.min(SAMPLE) {
        let g = word(list.wrapping_add(index * 8))?;
        let status = (word(g.wrapping_add(offsets.g.atomicstatus.value))? as u32) & !GSCAN;
        if status > LAST_STATUS {
            return Err(wrong(&format!("a goroutine has the status {status}")));
        }
        let goid = word(g.wrapping_add(offsets.g.goid.value))?;
        if goid >= MAX_GOID {
            return Err(wrong(&format!("a goroutine has the id {goid}")));
        }
    }
    Ok(())
}
