//! Formal parameters of Go functions, each function's read once.

use std::sync::Arc;

use gprobe_symbols::{Binary, LinkAddr, Param};

use super::Resolver;

/// A function's parameters, or why there are none.
pub(super) type ParamsOrReason = Result<Arc<Vec<Param>>, String>;

impl Resolver<'_> {
    /// Go formal parameters of a function, read once.
    pub(super) fn params(
        &mut self,
        binary: usize,
        file: &Binary,
        function: &gprobe_symbols::Function,
    ) -> ParamsOrReason {
        self.params
            .entry((binary, function.addr.0))
            .or_insert_with(|| file.params(function).map(Arc::new).map_err(|reason| reason.to_string()))
            .clone()
    }

    /// The same of a function's copy in another.
    pub(super) fn params_of_copy(
        &mut self,
        binary: usize,
        file: &Binary,
        function: &gprobe_symbols::Function,
        site: LinkAddr,
        source: &str,
    ) -> ParamsOrReason {
        self.params_of_copies
            .entry((binary, site.0, source.to_owned()))
            .or_insert_with(|| {
                let params = file.params_of_copy(function, site, source);
                params.map(Arc::new).map_err(|reason| reason.to_string())
            })
            .clone()
    }
}
