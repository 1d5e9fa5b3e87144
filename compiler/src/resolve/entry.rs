//! `entry(x)`: on a function's way out, or at a call that it makes, what x was when the function was entered.
//!
//! A second probe at the entry keeps the values in a map, by goroutine and frame (in C, by thread and stack
//! pointer); the probe on the way out takes them from there. It runs only where the entry was seen.

use gprobe_lang::ast::{self, AttachPoint, BinaryOp, Block, Expr, ExprKind};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::{Span, Spanned};

use super::body::Body;
use super::mentions::Mentioned;
use super::{Resolver, typed};
use crate::ir::MapKind;
use crate::probe_kinds;
use crate::walk::each_expr;
use crate::written::{assign, call, ident, leave_if, map, not, statement, var};

/// Most entered functions that are remembered where they may make the call or not.
const CALLS: u32 = 65536;

/// Where a return probe is, as far as frames are told apart there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frames {
    /// By goroutine and frame.
    Go,
    /// By thread and stack pointer.
    Native,
}

impl Resolver<'_> {
    /// The probe, and what its uses of `entry()` need besides.
    pub(super) fn with_entries(&mut self, probe: ast::Probe) -> Vec<ast::Probe> {
        if !Mentioned::by(&probe).has(&["entry"]) {
            return vec![probe];
        }
        let mut all = Vec::new();
        for frames in [Frames::Go, Frames::Native] {
            let points: Vec<AttachPoint> =
                probe.points.iter().filter(|point| frames_of(point) == Some(frames)).cloned().collect();
            if !points.is_empty() {
                let number = self.entry_maps;
                self.entry_maps += 1;
                // A function need not make the call: what nobody has asked for must make room.
                if points.iter().any(is_call) {
                    let map = self.map(&entry_map(number), probe.span);
                    if let Some(state) = self.maps.get_mut(map.0 as usize) {
                        state.declared = Some((MapKind::LruHash, CALLS));
                    }
                }
                match paired(ast::Probe { points, ..probe.clone() }, frames, number) {
                    Ok(pair) => all.extend(pair),
                    Err(diagnostic) => self.report(*diagnostic),
                }
            }
        }
        if let Some(point) = probe.points.iter().find(|point| frames_of(point).is_none()) {
            self.report(
                Diagnostic::error(
                    "not-in-this-probe",
                    point.text.span,
                    "`entry()` has a meaning within a function and on its way out",
                )
                .help("write `go:FUNCTION:return`, `go:FUNCTION:call:CALLEE` or `uretprobe:FILE:FUNCTION`"),
            );
        }
        all
    }
}

impl Body<'_, '_> {
    /// An `entry()` that is left: not in the probe's own predicate or block.
    pub(super) fn misplaced_entry(&mut self, span: Span) -> typed::Expr {
        self.not_here("entry()", "it belongs to a function's way out, or to a call that it makes", span);
        self.broken(span)
    }
}

/// Whether the probe is at a call that the function makes.
fn is_call(point: &AttachPoint) -> bool {
    point.parts.get(2).is_some_and(|part| part.value == "call")
}

/// What the values are kept in: a name that no script can write.
fn entry_map(number: usize) -> String {
    format!("entry#{number}")
}

/// How frames are told apart where an attach point is; `None` where it is no function's way out.
fn frames_of(point: &AttachPoint) -> Option<Frames> {
    let parts: Vec<&str> = point.parts.iter().map(|part| part.value.as_str()).collect();
    let kind = probe_kinds::find(parts.first()?)?.name;
    match (kind, parts.as_slice()) {
        ("go", [_, _, "return"] | [_, _, "call", _]) => Some(Frames::Go),
        ("uretprobe", _) => Some(Frames::Native),
        _ => None,
    }
}

/// The same function's entry.
fn entry_of(point: &AttachPoint) -> AttachPoint {
    let mut point = point.clone();
    if point.parts.first().is_some_and(|kind| kind.value == "go") {
        // Without `return`, or `call` and what is called.
        point.parts.truncate(2);
    } else if let Some(kind) = point.parts.first_mut() {
        kind.value = "uprobe".to_owned();
    }
    let parts: Vec<&str> = point.parts.iter().map(|part| part.value.as_str()).collect();
    point.text = Spanned::new(parts.join(":"), point.text.span);
    point
}

/// The probe at the entry, and the one on the way out.
fn paired(mut probe: ast::Probe, frames: Frames, number: usize) -> Result<[ast::Probe; 2], Box<Diagnostic>> {
    let span = probe.span;
    let name = entry_map(number);
    let mut values: Vec<Expr> = Vec::new();
    let mut wrong = None;
    each_expr(&mut probe, &mut |expr| {
        let at = expr.span;
        let ExprKind::Call { name: function, args } = &expr.kind else { return false };
        if function.value != "entry" {
            return false;
        }
        let [value] = args.as_slice() else {
            wrong = Some(
                Diagnostic::error("wrong-arguments", at, "entry() takes one argument")
                    .help("write what to keep from the function's entry: `entry(nsecs)`"),
            );
            return true;
        };
        let index = values.iter().position(|known| same(known, value)).unwrap_or_else(|| {
            values.push(value.clone());
            values.len() - 1
        });
        expr.kind = ExprKind::TupleIndex(Box::new(var(&name, at)), Spanned::new(index as u32, at));
        true
    });
    if let Some(wrong) = wrong {
        return Err(Box::new(wrong));
    }
    let kept = Expr { kind: ExprKind::Tuple(values), span };
    let keep = assign(map(&name, Some(key(frames, false, span)), span), kept);
    let at_entry = ast::Probe {
        name: None,
        points: probe.points.iter().map(entry_of).collect(),
        predicate: None,
        body: Block { stmts: vec![keep], span },
        span,
    };
    let entry = || map(&name, Some(key(frames, true, span)), span);
    let whole_key = Expr { kind: ExprKind::Tuple(key(frames, true, span)), span };
    let mut stmts = vec![
        leave_if(not(call("has_key", vec![map(&name, None, span), whole_key], span))),
        assign(var(&name, span), entry()),
        statement(call("delete", vec![entry()], span)),
    ];
    stmts.extend(probe.predicate.take().map(|predicate| leave_if(not(predicate))));
    stmts.append(&mut probe.body.stmts);
    probe.body.stmts = stmts;
    Ok([at_entry, probe])
}

/// What a frame is known by. On the way out of C the return address has been taken from the stack.
fn key(frames: Frames, leaving: bool, span: Span) -> Vec<Expr> {
    match frames {
        Frames::Go => vec![ident("goid", span), ident("frame", span)],
        Frames::Native => {
            let name = Expr { kind: ExprKind::Str(b"sp".to_vec()), span };
            let sp = call("reg", vec![name], span);
            let eight = Expr { kind: ExprKind::Int { value: 8, duration: false }, span };
            let sp = if leaving {
                Expr { kind: ExprKind::Binary(BinaryOp::Sub, Box::new(sp), Box::new(eight)), span }
            } else {
                sp
            };
            vec![ident("tid", span), sp]
        }
    }
}

/// Whether two expressions are the same text, wherever they stand.
fn same(a: &Expr, b: &Expr) -> bool {
    unplaced(a) == unplaced(b)
}

fn unplaced(expr: &Expr) -> Expr {
    let mut expr = expr.clone();
    let nowhere = Span::new(gprobe_lang::source::SourceId(0), 0, 0);
    crate::walk::within(crate::walk::Child::Expr(&mut expr), &mut |inner| {
        inner.span = nowhere;
        match &mut inner.kind {
            ExprKind::Field(_, name) => name.span = nowhere,
            ExprKind::Call { name, .. } => name.span = nowhere,
            ExprKind::TupleIndex(_, index) => index.span = nowhere,
            _ => {}
        }
        false
    });
    expr
}
