//! Goroutines' stacks as programs keep them become frames of Go's source.

use std::os::fd::{AsFd, OwnedFd};

use gprobe_compiler::artifact::{GO_STACK_EXACT, GO_STACK_FRAMES, GO_STACK_HEADER, StackMode};

use crate::event::{Frame, FrameKind};
use crate::symbolise::Symboliser;
use crate::sys::bpf;

/// What a program kept of a stack; none where there is none of that id.
pub(crate) fn words(map: Option<&OwnedFd>, id: u64) -> Vec<u64> {
    let mut bytes = vec![0; (GO_STACK_HEADER + GO_STACK_FRAMES) as usize * 8];
    let found = map.is_some_and(|map| {
        id != 0 && bpf::lookup(map.as_fd(), &id.to_le_bytes(), &mut bytes).unwrap_or(false)
    });
    if !found {
        return Vec::new();
    }
    bytes.chunks_exact(8).filter_map(|word| word.try_into().ok()).map(u64::from_le_bytes).collect()
}

/// The frames, innermost first, at most `most`.
pub(crate) fn frames(symboliser: &mut Symboliser, words: &[u64], most: usize, mode: StackMode) -> Vec<Frame> {
    let [flags, pc, caller, chain @ ..] = words else { return Vec::new() };
    let mut found: Vec<Frame> = Vec::new();
    // An interrupted instruction, not one behind a call.
    let mut exact = flags & GO_STACK_EXACT != 0;
    let mut add = |symboliser: &mut Symboliser, addr: u64| {
        let source = symboliser.source(addr, !exact);
        // What is called at the edge of an interrupt did not come by a call.
        let outermost = source.frames.last().and_then(|frame| frame.function.as_deref());
        exact = matches!(outermost, Some("runtime.asyncPreempt" | "runtime.sigpanic"));
        // As Go's own tracebacks have it.
        if found.is_empty() || !source.wrapper {
            found.extend(source.frames.iter().cloned());
        }
        source.at_return_address
    };
    if *pc != 0 {
        let at_return_address = add(symboliser, *pc);
        if at_return_address && *caller != 0 {
            add(symboliser, *caller);
        }
    }
    for addr in chain.iter().take_while(|addr| **addr != 0) {
        add(symboliser, *addr);
    }
    // Where every goroutine ends.
    found.pop_if(|frame| frame.function.as_deref() == Some("runtime.goexit"));
    found.truncate(most);
    if mode == StackMode::Names {
        for frame in found.iter_mut().filter(|frame| frame.kind != FrameKind::Address) {
            (frame.addr, frame.offset) = (0, 0);
        }
    }
    found
}
