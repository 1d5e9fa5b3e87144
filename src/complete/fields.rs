//! What stands behind a dot.

use gprobe_symbols::{Binary, TypeId, TypeKind};

use super::{Candidate, Known, candidate, find};
use crate::signature::type_name;

/// The runtime's structs that builtins point to.
const RUNTIME: [(&str, &str); 4] =
    [("curg", "runtime.g"), ("curm", "runtime.m"), ("curp", "runtime.p"), ("sched", "runtime.schedt")];

/// The fields of what a path names, in a probe at `point`.
pub(super) fn of(known: &Known, path: &str, point: Option<&str>) -> std::vec::IntoIter<Candidate> {
    let mut parts = path.split('.');
    let root = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let found = match (root, rest.as_slice()) {
        ("args" | "ret", []) => arguments(known, root == "ret", point),
        _ => fields(known, path, point).unwrap_or_default(),
    };
    found.into_iter()
}

/// The arguments or results of the function or moment that a probe is on.
fn arguments(known: &Known, results: bool, point: Option<&str>) -> Vec<Candidate> {
    let Some(point) = point else { return Vec::new() };
    if let Some(moment) = moment(point) {
        let args = moment.more.iter().find(|(word, _)| word == "args").map(|(_, said)| said.as_str());
        let each = args.unwrap_or_default().split(';').filter_map(|arg| arg.trim().split_once(':'));
        return each.map(|(name, what)| candidate(name.trim(), what.trim())).collect();
    }
    let params = function_of(point).zip(known.program.as_ref()).and_then(|(name, program)| {
        let function = find::function(known, name)?;
        let params = program.binary.params(&function).ok()?;
        let wanted = params
            .into_iter()
            .filter(|param| param.is_result == results && !param.name.starts_with(['.', '~']));
        Some(wanted.map(|param| candidate(&param.name, &type_name(&program.binary, param.ty))).collect())
    });
    params.unwrap_or_default()
}

/// The moment that an attach point names.
pub(super) fn moment(point: &str) -> Option<gprobe_stdlib::Moment> {
    let (provider, _) = point.split_once(':')?;
    gprobe_stdlib::provider(provider)?.moments().into_iter().find(|moment| moment.name == point)
}

/// The function that an attach point of the kind `go` names.
fn function_of(point: &str) -> Option<&str> {
    let rest = point.strip_prefix("go:")?;
    Some(rest.strip_suffix(":return").or_else(|| rest.strip_suffix(":inline")).unwrap_or(rest))
}

/// The fields of the struct at the end of a path.
fn fields(known: &Known, path: &str, point: Option<&str>) -> Option<Vec<Candidate>> {
    let binary = &known.program.as_ref()?.binary;
    let TypeKind::Struct { fields, .. } = binary.layout().ty(at(known, path, point)?).ok()?.kind else {
        return None;
    };
    let named = fields.iter().filter(|field| !field.name.is_empty());
    Some(named.map(|field| candidate(&field.name, &type_name(binary, field.ty))).collect())
}

/// The type of a path, pointers followed.
pub(super) fn at(known: &Known, path: &str, point: Option<&str>) -> Option<TypeId> {
    let binary = &known.program.as_ref()?.binary;
    let layout = binary.layout();
    let mut parts = path.split('.').peekable();
    let root = parts.next()?;
    let mut ty = if let Some((_, name)) = RUNTIME.iter().find(|(word, _)| *word == root) {
        layout.find_type(name).ok()?
    } else if root == "args" || root == "ret" {
        let name = parts.next()?;
        let function = find::function(known, function_of(point?)?)?;
        let params = binary.params(&function).ok()?;
        params.into_iter().find(|param| param.name == name && param.is_result == (root == "ret"))?.ty
    } else {
        // A variable of a package, whose path may have dots of its own.
        let (name, rest) = variable(binary, path)?;
        parts = rest.split('.').peekable();
        if rest.is_empty() {
            parts.next();
        }
        layout.variable_type(name).ok()?
    };
    ty = behind(binary, ty);
    for part in parts {
        let TypeKind::Struct { fields, .. } = layout.ty(ty).ok()?.kind else { return None };
        ty = behind(binary, fields.iter().find(|field| field.name == part)?.ty);
    }
    Some(ty)
}

/// The longest beginning of a path that is a variable, and what follows it.
fn variable<'p>(binary: &Binary, path: &'p str) -> Option<(&'p str, &'p str)> {
    let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
    let mut found = ends.filter_map(|end| {
        let name = path.get(..end)?;
        binary.layout().variable_type(name).ok()?;
        Some((name, path.get(end + 1..).unwrap_or_default()))
    });
    found.next()
}

/// What a pointer points to.
fn behind(binary: &Binary, ty: TypeId) -> TypeId {
    match binary.layout().ty(ty).map(|ty| ty.kind) {
        Ok(TypeKind::Pointer(Some(to))) => to,
        _ => ty,
    }
}
