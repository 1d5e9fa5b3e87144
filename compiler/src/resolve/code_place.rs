//! Uprobes that name an instruction: `uprobe:FILE:function+16` and `uprobe:FILE:0x401126`.

use gprobe_lang::ast::AttachPoint;
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Spanned;
use gprobe_symbols::{Function, Language, LinkAddr};

use super::Resolver;
use super::place::Place;
use super::sites::Candidate;
use crate::artifact::COOKIE_FUNCTION;
use crate::artifact::{Attach, ProgramKind, SiteInfo};
use crate::target::TargetBinary;

/// An instruction as an attach point names it.
pub(super) enum Named {
    /// Bytes behind a function's start.
    Offset(String, u64),
    /// An address of the file.
    Address(u64),
}

/// What a pattern names, where it is no function.
pub(super) fn named(pattern: &str) -> Option<Named> {
    if let Some(address) = number(pattern) {
        return Some(Named::Address(address));
    }
    let (function, offset) = pattern.rsplit_once('+')?;
    Some(Named::Offset(function.to_owned(), number(offset)?))
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
        None => None,
    }
}

impl Resolver<'_> {
    /// A probe at one instruction of C code.
    pub(super) fn at_instruction(
        &mut self,
        point: &AttachPoint,
        file: &TargetBinary,
        pattern: &Spanned<String>,
        named: &Named,
    ) -> Option<Vec<Candidate>> {
        let functions = file.binary.functions();
        let (function, addr) = match named {
            Named::Offset(name, offset) => {
                let Some(function) = functions.exact(name).into_iter().next() else {
                    let pattern = Spanned::new(name.clone(), pattern.span);
                    self.no_function(file, &pattern, false, false);
                    return None;
                };
                if *offset >= function.size.max(1) {
                    self.report(
                        Diagnostic::error(
                            "out-of-range",
                            pattern.span,
                            format!(
                                "Offset outside the function bounds ('{name}' size is {})",
                                function.size
                            ),
                        )
                        .help("count from the function's first byte"),
                    );
                    return None;
                }
                let addr = LinkAddr(function.addr.0.checked_add(*offset)?);
                (function, addr)
            }
            Named::Address(addr) => {
                let addr = LinkAddr(*addr);
                let Some(function) = functions.containing(addr) else {
                    self.report(
                        Diagnostic::error(
                            "unknown-function",
                            pattern.span,
                            format!("Could not resolve address: {}:{:#x}", file.name, addr.0),
                        )
                        .note("no function of the file has an instruction there"),
                    );
                    return None;
                };
                (function, addr)
            }
        };
        if function.language != Language::C {
            self.report(
                Diagnostic::error("no-site", pattern.span, "this instruction is Go's")
                    .note("gprobe chooses the instructions of Go functions that a probe is safe at")
                    .help("write `go:FUNCTION`"),
            );
            return None;
        }
        Some(vec![self.instruction(point, file, function, addr)?])
    }

    fn instruction(
        &mut self,
        point: &AttachPoint,
        file: &TargetBinary,
        function: Function,
        addr: LinkAddr,
    ) -> Option<Candidate> {
        let binary = self.binary_index(file);
        let name = self.probe_name(&point.text.value);
        let number = self.function_number(&function.name);
        let site = SiteInfo {
            offset: file.binary.file_offset(addr)?,
            addr,
            semaphore: None,
            cookie: u64::from(name) | u64::from(number) << COOKIE_FUNCTION,
            function: function.name.clone(),
        };
        let inside = addr != function.addr;
        Some(Candidate {
            place: Place::Function {
                binary,
                function,
                site: addr,
                ret: false,
                inside,
                depth: None,
                copy: None,
                atomic: None,
                go: false,
                g_in_r14: false,
            },
            kind: ProgramKind::Uprobe,
            attach: Attach::Uprobe { binary, ret: false, sites: vec![site] },
            title: point.text.value.clone(),
            checks_flags: false,
            cookie: 0,
        })
    }
}
