//! Checks on the live process that the Go runtime's structs are where they are believed to be.

use std::fs;

use gprobe_symbols::{Binary, RuntimeVariable};

use crate::error::Error;
use crate::sys::process::read_memory;

/// Most goroutines, and threads, that are looked at.
const SAMPLE: u64 = 64;
/// A goroutine's status bit while the collector scans its stack.
const GSCAN: u32 = 0x1000;
/// The highest status of Go 1.27 (`_Gdeadextra`).
const LAST_STATUS: u32 = 11;
/// `_Gidle`, `_Gdead` and `_Gdeadextra`: there is no goroutine in it.
const NO_GOROUTINE: [u32; 3] = [0, 6, 11];
/// No program has made as many goroutines.
const MAX_GOID: u64 = 1 << 48;
/// No program has as many processors (`_MaxGomaxprocs` was 1024 once).
const MAX_P: u64 = 1 << 16;

/// Makes sure that m0 and its g0 point at each other, that goroutines have ids, statuses and stacks that can be, and
/// that Ms are threads of the process and belong together with their goroutines and processors. `file` is the Go
/// program of the process, in whose memory it lies `bias` from its own addresses.
pub(crate) fn verify(pid: u32, file: &Binary, bias: u64) -> Result<(), Error> {
    (Check { pid, file, bias }).all().map_err(|why| Error::Layout { pid, why })
}

/// The process and what is believed of it.
struct Check<'a> {
    pid: u32,
    file: &'a Binary,
    bias: u64,
}

impl Check<'_> {
    fn all(&self) -> Result<(), String> {
        let offsets = self.file.runtime_offsets().map_err(|reason| reason.to_string())?;
        let (m0, g0) = (self.variable(RuntimeVariable::M0)?, self.variable(RuntimeVariable::G0)?);
        let m_g0 = self.word(m0.wrapping_add(offsets.m.g0.value))?;
        let g_m = self.word(g0.wrapping_add(offsets.g.m.value))?;
        if m_g0 == 0 && g_m == 0 {
            // Started a moment ago: the runtime has not set itself up yet.
            return Ok(());
        }
        if m_g0 != g0 || g_m != m0 {
            return Err("runtime.m0 and runtime.g0 do not point at each other".to_owned());
        }
        self.goroutines()?;
        self.threads(m0)
    }

    fn goroutines(&self) -> Result<(), String> {
        let offsets = self.file.runtime_offsets().map_err(|reason| reason.to_string())?;
        let allgs = self.variable(RuntimeVariable::Allgs)?;
        let (list, count) = (self.word(allgs)?, self.word(allgs.wrapping_add(8))?);
        for index in 0..count.min(SAMPLE) {
            let g = self.word(list.wrapping_add(index * 8))?;
            let status = (self.word(g.wrapping_add(offsets.g.atomicstatus.value))? as u32) & !GSCAN;
            if status > LAST_STATUS {
                return Err(format!("a goroutine has the status {status}"));
            }
            let goid = self.word(g.wrapping_add(offsets.g.goid.value))?;
            if goid >= MAX_GOID {
                return Err(format!("a goroutine has the id {goid}"));
            }
            if NO_GOROUTINE.contains(&status) {
                continue;
            }
            let low = self.word(g.wrapping_add(offsets.g.stack_lo.value))?;
            let high = self.word(g.wrapping_add(offsets.g.stack_hi.value))?;
            if low > high {
                return Err(format!("goroutine {goid} has a stack from {low:#x} to {high:#x}"));
            }
        }
        Ok(())
    }

    fn threads(&self, m0: u64) -> Result<(), String> {
        let offsets = self.file.runtime_offsets().map_err(|reason| reason.to_string())?;
        let field = |base: u64, offset: u64| self.word(base.wrapping_add(offset));
        let mut m = self.word(self.variable(RuntimeVariable::Allm)?)?;
        let mut seen_m0 = m == 0;
        for _ in 0..SAMPLE {
            if m == 0 {
                break;
            }
            seen_m0 |= m == m0;
            let g0 = field(m, offsets.m.g0.value)?;
            if field(g0, offsets.g.m.value)? != m {
                return Err(format!("the thread at {m:#x} and its g0 do not point at each other"));
            }
            let procid = field(m, offsets.m.procid.value)?;
            let thread = format!("/proc/{}/task/{procid}", self.pid);
            // 0: it has not started. Threads end, and in a namespace have other numbers.
            if procid > u64::from(u32::MAX) {
                return Err(format!("the thread at {m:#x} has the id {procid}"));
            }
            let p = field(m, offsets.m.p.value)?;
            if p != 0 && field(p, offsets.p.id.value)? & u64::from(u32::MAX) > MAX_P {
                // It may have been given up between the two reads.
                if field(m, offsets.m.p.value)? == p && fs::exists(&thread).unwrap_or(false) {
                    return Err(format!("the thread at {m:#x} has a processor that is none"));
                }
            }
            m = field(m, offsets.m.alllink.value)?;
        }
        // The first M is the last of the list; a longer one is not walked to its end.
        if m == 0 && !seen_m0 {
            return Err("runtime.m0 is not among the threads".to_owned());
        }
        Ok(())
    }

    fn variable(&self, variable: RuntimeVariable) -> Result<u64, String> {
        let found = self.file.runtime_variable(variable).map_err(|reason| reason.to_string())?;
        Ok(found.value.0.wrapping_add(self.bias))
    }

    fn word(&self, addr: u64) -> Result<u64, String> {
        let mut bytes = [0; 8];
        read_memory(self.pid, addr, &mut bytes)
            .map_err(|error| format!("{addr:#x} can't be read ({error})"))?;
        Ok(u64::from_le_bytes(bytes))
    }
}
