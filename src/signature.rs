//! Functions as the source declares them.

use gprobe_symbols::{Binary, Function, Param, TypeId};

/// `(ctx context.Context, n int) (err error)`, as far as the debug information tells.
pub(crate) fn signature(binary: &Binary, function: &Function) -> String {
    let Ok(params) = binary.params(function) else { return String::new() };
    let shown = |results: bool| -> Vec<String> {
        // The compiler adds the dictionary of generic functions.
        let wanted = params.iter().filter(|p| p.is_result == results && p.name != ".dict");
        wanted.map(|p| shown_param(p, &type_name(binary, p.ty))).collect()
    };
    let (arguments, results) = (shown(false).join(", "), shown(true));
    match results.as_slice() {
        [] => format!("({arguments})"),
        results => format!("({arguments}) ({})", results.join(", ")),
    }
}

/// `name type`, as in the source: results mostly have no name, and get one of the compiler's (`~r0`).
fn shown_param(param: &Param, ty: &str) -> String {
    match param.name.as_str() {
        "" => format!("_ {ty}"),
        name if name.starts_with('~') => ty.to_owned(),
        name => format!("{} {ty}", crate::output::escape(name)),
    }
}

pub(crate) fn type_name(binary: &Binary, ty: TypeId) -> String {
    match binary.layout().ty(ty) {
        Ok(ty) => crate::output::escape(&ty.name).into_owned(),
        Err(_) => "?".into(),
    }
}
