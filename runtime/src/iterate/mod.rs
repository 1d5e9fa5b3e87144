//! Goes over the goroutines and threads of a Go program, and over processes, without stopping them.
//!
//! The runtime's own lists are read from outside, and the script's program is interpreted for each element.
//! What is seen of one element is from one moment, as far as it lies in one page of memory; between
//! elements the target runs on.

mod host;
mod memory;

use gprobe_compiler::artifact::{GoLists, Hosted, Iterated, Loss};
use gprobe_compiler::ir::Machine;

use self::host::Round;
use crate::error::Error;
use crate::load::Loaded;
use crate::sys::process;

/// `_Gidle`, `_Gdead` and, since Go 1.26, `_Gdeadextra` (`runtime/runtime2.go`): no goroutine, but a struct that
/// waits for one, or for a thread of C's.
const IDLE: u32 = 0;
const DEAD: u32 = 6;
const DEAD_EXTRA: u32 = 11;
/// Set while the collector scans the goroutine's stack.
const SCAN: u32 = 0x1000;
/// How many elements are seen before memory is read anew.
const BATCH: usize = 128;
/// Instructions that a program may run for one element; the kernel allows no more either.
const MOST_STEPS: u64 = 1_000_000;
/// More goroutines than this are not believed.
const MOST_GOROUTINES: u64 = 1 << 28;
/// More threads than this are not believed.
const MOST_THREADS: usize = 1 << 20;

/// What a round left.
pub(crate) struct Seen {
    /// What the program wrote to the ring buffer.
    pub(crate) records: Vec<Vec<u8>>,
    /// What was lost, by [`Loss`].
    pub(crate) lost: [u64; Loss::ALL.len()],
}

/// Runs a program for each goroutine or thread that there is in a process, or once for the process, where the file lies `bias` from its
/// own addresses.
pub(crate) fn round(
    loaded: &Loaded,
    hosted: &Hosted,
    symbol: &str,
    over: Iterated,
    (pid, bias): (u32, u64),
) -> Result<Seen, Error> {
    let unit = &*hosted.unit;
    let failed = |why: String| Error::Run { title: symbol.to_owned(), why };
    let program = unit.programs.iter().position(|program| program.symbol == symbol);
    let program = program.ok_or_else(|| failed("there is no such program".into()))?;
    let mut host = Round::new(loaded, unit, pid);
    let mut machine = Machine::new(unit, &mut host);
    let lists = match (over, &hosted.lists) {
        (Iterated::Processes, _) => {
            machine.host().thread = pid;
            machine.run(program, &[0; 16], MOST_STEPS).map_err(|error| failed(error.to_string()))?;
            let changes = machine.take_changes();
            machine.host().apply(changes);
            return Ok(Seen { records: host.records, lost: host.lost });
        }
        (_, Some(lists)) => lists,
        (_, None) => return Err(failed("it is not known where the runtime keeps them".into())),
    };
    let elements = match over {
        Iterated::Threads => threads(lists, bias, &mut machine.host().memory),
        _ => goroutines(lists, pid, bias).map_err(failed)?,
    };
    for batch in elements.chunks(BATCH) {
        machine.host().memory.forget();
        for &element in batch {
            let host = machine.host();
            let (g, m) = match over {
                Iterated::Goroutines => {
                    let status = host.memory.half(element + u64::from(lists.g_status)).map(|s| s & !SCAN);
                    if matches!(status, None | Some(IDLE | DEAD | DEAD_EXTRA)) {
                        continue;
                    }
                    (element, host.memory.word(element + u64::from(lists.g_m)).unwrap_or(0))
                }
                _ => (host.memory.word(element + u64::from(lists.m_curg)).unwrap_or(0), element),
            };
            let thread = (m != 0).then(|| host.memory.word(m + u64::from(lists.m_procid))).flatten();
            host.thread = thread.and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
            let mut context = [0; 16];
            let words = g.to_le_bytes().into_iter().chain(m.to_le_bytes());
            context.iter_mut().zip(words).for_each(|(to, from)| *to = from);
            machine.run(program, &context, MOST_STEPS).map_err(|error| failed(error.to_string()))?;
        }
        let changes = machine.take_changes();
        machine.host().apply(changes);
    }
    Ok(Seen { records: host.records, lost: host.lost })
}

/// The addresses of all g structs, dead ones among them. The length is read first: the runtime writes it last, so
/// that the array behind the pointer never has fewer.
fn goroutines(lists: &GoLists, pid: u32, bias: u64) -> Result<Vec<u64>, String> {
    let word = |at: u64| {
        let mut bytes = [0; 8];
        process::read_memory(pid, at, &mut bytes).map_err(|error| format!("process {pid}: {error}"))?;
        Ok::<u64, String>(u64::from_le_bytes(bytes))
    };
    let allgs = lists.allgs.0.wrapping_add(bias);
    let (len, array) = (word(allgs.wrapping_add(8))?, word(allgs)?);
    if len == 0 || array == 0 {
        return Ok(Vec::new());
    }
    if len > MOST_GOROUTINES {
        return Err(format!("process {pid} says that it has {len} goroutines, which can't be"));
    }
    let mut bytes = vec![0; len as usize * 8];
    process::read_memory(pid, array, &mut bytes).map_err(|error| format!("process {pid}: {error}"))?;
    let words = bytes.chunks_exact(8).filter_map(|word| word.try_into().ok()).map(u64::from_le_bytes);
    Ok(words.filter(|&g| g != 0).collect())
}

/// The addresses of all m structs.
fn threads(lists: &GoLists, bias: u64, memory: &mut memory::TargetMemory) -> Vec<u64> {
    let mut found = Vec::new();
    let mut next = memory.word(lists.allm.0.wrapping_add(bias)).unwrap_or(0);
    while next != 0 && found.len() < MOST_THREADS {
        found.push(next);
        next = memory.word(next + u64::from(lists.m_alllink)).unwrap_or(0);
    }
    found
}
