//! The typed program as text, for `gprobe compile --emit typed` and for tests.

use std::fmt::Write as _;

use super::typed::{Expr, ExprKind, Probe, Program, Stmt, Ty};
use crate::artifact::Attach;

/// The program, one construct a line.
pub fn dump(program: &Program) -> String {
    let mut out = String::new();
    for map in &program.maps {
        let key: Vec<String> = map.key.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "map {}[{}] -> {:?}", map.name, key.join(", "), map.value);
    }
    for (i, action) in program.actions.iter().enumerate() {
        let _ = writeln!(out, "action {i} = {action:?}");
    }
    for probe in &program.probes {
        self::probe(&mut out, program, probe);
    }
    out
}

fn probe(out: &mut String, program: &Program, probe: &Probe) {
    let _ = writeln!(out, "\nprobe {} ({:?})", probe.title, probe.kind);
    match &probe.attach {
        Attach::Uprobe { binary, ret, sites } => {
            let name = program.binaries.get(*binary).map_or("?", |b| b.name.as_str());
            let how = if *ret { "uretprobe" } else { "uprobe" };
            let _ = writeln!(out, "  {how} in {name}, {} sites", sites.len());
            for site in sites.iter().take(20) {
                let _ = writeln!(out, "    {} cookie {:#x}", site.function, site.cookie);
            }
            if sites.len() > 20 {
                let _ = writeln!(out, "    ...");
            }
        }
        other => {
            let _ = writeln!(out, "  {other:?}");
        }
    }
    for (i, ty) in probe.vars.iter().enumerate() {
        let _ = writeln!(out, "  $v{i}: {}", ty_text(ty));
    }
    if let Some(predicate) = &probe.predicate {
        let _ = writeln!(out, "  / {} /", expr(predicate));
    }
    stmts(out, &probe.body, 1);
}

fn stmts(out: &mut String, list: &[Stmt], depth: usize) {
    let pad = "  ".repeat(depth);
    for stmt in list {
        let line = match stmt {
            Stmt::Expr(e) => expr(e),
            Stmt::SetVar(var, e) => format!("$v{} = {}", var.0, expr(e)),
            Stmt::SetMap { map, key, value } => format!("@{}[{}] = {}", map.0, exprs(key), expr(value)),
            Stmt::AddMap { map, key, value } => format!("@{}[{}] += {}", map.0, exprs(key), expr(value)),
            Stmt::Aggregate { map, key, value } => {
                let value = value.as_ref().map(expr).unwrap_or_default();
                format!("@{}[{}] <- ({value})", map.0, exprs(key))
            }
            Stmt::Delete { map, key } => format!("delete @{}[{}]", map.0, exprs(key)),
            Stmt::Emit { action, args } => format!("emit {action} ({})", exprs(args)),
            Stmt::Exit { code, .. } => format!("exit {}", expr(code)),
            Stmt::Return { result } => match result {
                Some((action, value)) => format!("return emit {action} ({})", expr(value)),
                None => "return".to_owned(),
            },
            Stmt::Zero(var) => format!("$v{} = zeros", var.0),
            Stmt::CutOff(_) => "cut off".to_owned(),
            Stmt::Break => "break".to_owned(),
            Stmt::Continue => "continue".to_owned(),
            Stmt::Signal { number, thread } => {
                format!("signal {} {}", if *thread { "thread" } else { "process" }, expr(number))
            }
            Stmt::Scope(body) => {
                stmts(out, body, depth);
                continue;
            }
            Stmt::While { cond, body } => {
                let _ = writeln!(out, "{pad}while {}", expr(cond));
                stmts(out, body, depth + 1);
                continue;
            }
            Stmt::ForRange { var, from, to, body } => {
                let _ = writeln!(out, "{pad}for $v{} in {} to {}", var.0, expr(from), expr(to));
                stmts(out, body, depth + 1);
                continue;
            }
            Stmt::ForMap { map, var, body } => {
                let _ = writeln!(out, "{pad}for $v{} in @{}", var.0, map.0);
                stmts(out, body, depth + 1);
                continue;
            }
            Stmt::Unroll { count, body } => {
                let _ = writeln!(out, "{pad}unroll {count}");
                stmts(out, body, depth + 1);
                continue;
            }
            Stmt::If { cond, then, otherwise } => {
                let _ = writeln!(out, "{pad}if {}", expr(cond));
                stmts(out, then, depth + 1);
                if !otherwise.is_empty() {
                    let _ = writeln!(out, "{pad}else");
                    stmts(out, otherwise, depth + 1);
                }
                continue;
            }
        };
        let _ = writeln!(out, "{pad}{line}");
    }
}

fn exprs(list: &[Expr]) -> String {
    list.iter().map(expr).collect::<Vec<_>>().join(", ")
}

fn expr(e: &Expr) -> String {
    let text = match &e.kind {
        ExprKind::Int(n) => return n.to_string(),
        ExprKind::Str(bytes) => return format!("{:?}", String::from_utf8_lossy(bytes)),
        ExprKind::Var(var) => return format!("$v{}", var.0),
        ExprKind::MapGet(map, key) => format!("@{}[{}]", map.0, exprs(key)),
        ExprKind::HasKey(map, key) => format!("has_key(@{}[{}])", map.0, exprs(key)),
        ExprKind::StepVar { var, by, old } => format!("step($v{}, {by}, old={old})", var.0),
        ExprKind::StepMap { map, key, by, old } => {
            format!("step(@{}[{}], {by}, old={old})", map.0, exprs(key))
        }
        ExprKind::Tuple(parts) => format!("({})", exprs(parts)),
        ExprKind::TupleIndex(base, index) => format!("{}.{index}", expr(base)),
        ExprKind::Not(inner) => format!("!{}", expr(inner)),
        ExprKind::Arith(op, a, b) => format!("{op:?}({}, {})", expr(a), expr(b)),
        ExprKind::Compare(op, a, b) => format!("{op:?}({}, {})", expr(a), expr(b)),
        ExprKind::SameBytes(a, b, negated) => {
            format!("{}({}, {})", if *negated { "differ" } else { "same" }, expr(a), expr(b))
        }
        ExprKind::And(a, b) => format!("({} && {})", expr(a), expr(b)),
        ExprKind::Or(a, b) => format!("({} || {})", expr(a), expr(b)),
        ExprKind::Ternary(c, a, b) => format!("({} ? {} : {})", expr(c), expr(a), expr(b)),
        ExprKind::Extend { value, bytes, signed } => {
            format!("extend{bytes}{}({})", if *signed { "s" } else { "u" }, expr(value))
        }
        ExprKind::Context { offset, bytes, .. } => format!("context[{offset}; {bytes}]"),
        ExprKind::ReadUser { addr, bytes, .. } => format!("user[{}; {bytes}]", expr(addr)),
        ExprKind::GoStr { data, len } => format!("go_string({}, {})", expr(data), expr(len)),
        ExprKind::CStr { addr, kernel, limit } => {
            let limit = limit.as_ref().map(|l| format!(", {}", expr(l))).unwrap_or_default();
            format!("{}_string({}{limit})", if *kernel { "kernel" } else { "c" }, expr(addr))
        }
        ExprKind::ContextStr { offset, .. } => format!("context_string[{offset}]"),
        ExprKind::Builtin(id) => format!("{id:?}").to_lowercase(),
        ExprKind::Caller { n, .. } => format!("caller({n})"),
        ExprKind::OutsideCaller { .. } => "caller(program)".to_owned(),
        ExprKind::Frame { .. } => "frame".to_owned(),
        ExprKind::GoLabel { key, .. } => format!("label({:?})", String::from_utf8_lossy(key)),
        ExprKind::CurrentTask => "curtask".to_owned(),
        ExprKind::OwnChars(value) => format!("text({})", expr(value)),
        ExprKind::GoStack(_) => "gostack".to_owned(),
        ExprKind::Stack { user, depth } => format!("{}stack({depth})", if *user { "u" } else { "k" }),
        ExprKind::Aggregated(map, key) => format!("joined @{}[{}]", map.0, exprs(key)),
        ExprKind::Find { map, key, var } => format!("find(@{}[{}], $v{})", map.0, exprs(key), var.0),
        ExprKind::MapLen(map) => format!("len(@{})", map.0),
        ExprKind::AddressOf(var) => format!("&$v{}", var.0),
        ExprKind::Bytes(bytes) => format!("bytes({})", bytes.escape_ascii()),
        ExprKind::Part { of, offset, index, bytes, .. } => {
            let index = index.as_ref().map(|i| format!(" + {} * {}", expr(&i.index), i.stride));
            format!("part[{} + {offset}{}; {bytes}]", expr(of), index.unwrap_or_default())
        }
        ExprKind::Block(body, value) => {
            let mut text = String::new();
            stmts(&mut text, body, 0);
            format!("{{ {}; {} }}", text.trim().replace('\n', "; "), expr(value))
        }
        ExprKind::Divide { remainder, signed, a, b } => {
            let name = if *remainder { "Rem" } else { "Div" };
            format!("{name} {{ signed: {signed} }}({}, {})", expr(a), expr(b))
        }
        other => {
            let debug = format!("{other:?}");
            let name: String = debug.chars().take_while(char::is_ascii_alphanumeric).collect();
            let parts: Vec<String> = other.parts().into_iter().map(expr).collect();
            format!("{name}({})", parts.join(", "))
        }
    };
    format!("{text}: {}", ty_text(&e.ty))
}

fn ty_text(ty: &Ty) -> String {
    match ty {
        Ty::Unknown => "?".to_owned(),
        Ty::Tuple(parts) => {
            format!("({})", parts.iter().map(ty_text).collect::<Vec<_>>().join(", "))
        }
        other => other.stored().to_string(),
    }
}
