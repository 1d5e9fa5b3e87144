//! Functions find their sites.

use gprobe_lang::ast::AttachPoint;
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};
use gprobe_symbols::{EntryCondition, Function, Language, Reason, Site};

use super::Resolver;
use super::place::Place;
use crate::artifact::{Attach, Hits, ProgramKind, SiteInfo};
use crate::artifact::{COOKIE_CHECK_FLAGS, COOKIE_COST, COOKIE_FUNCTION};
use crate::target::TargetBinary;

/// What may become a program: one body in one place.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) place: Place,
    pub(super) kind: ProgramKind,
    pub(super) attach: Attach,
    pub(super) title: String,
    pub(super) checks_flags: bool,
    pub(super) cookie: u64,
}

impl Resolver<'_> {
    /// What the functions that match a pattern may become.
    pub(super) fn functions(
        &mut self,
        point: &AttachPoint,
        file: &TargetBinary,
        pattern: &Spanned<String>,
        what: &Wanted,
        grouping: &Grouping,
    ) -> Option<Vec<Candidate>> {
        let binary = self.binary_index(file);
        let functions = file.binary.functions();
        let wild = gprobe_symbols::is_glob(&pattern.value);
        let mut matched: Vec<Function> =
            if wild { functions.matching(&pattern.value) } else { functions.exact(&pattern.value) };
        if what.only_go {
            matched.retain(|f| f.language != Language::C);
        }
        if matched.is_empty() {
            self.no_function(file, pattern, wild, what.only_go);
            return None;
        }
        if let (Some(callee), [function]) = (&what.callee, matched.as_slice())
            && file
                .binary
                .sites(function)
                .is_ok_and(|sites| calls(file, &sites, what.callee.as_ref()).is_err())
        {
            self.report(
                Diagnostic::error(
                    "no-site",
                    callee.span,
                    format!("`{}` has no direct call of `{}`", function.name, callee.value),
                )
                .help("calls of inlined functions, and through variables and interfaces, are none; probe the function itself: `go:CALLEE`"),
            );
            return None;
        }
        let mut groups: Vec<Candidate> = Vec::new();
        let mut refused: Vec<(String, Reason)> = Vec::new();
        for function in &matched {
            if let Err(reason) =
                self.function_sites(point, file, binary, function, what, grouping, &mut groups)
            {
                refused.push((function.name.clone(), reason));
            }
        }
        self.refused(pattern.span, &refused, matched.len(), "functions", groups.is_empty())?;
        self.warn_of_hot(file, &matched, what, pattern.span);
        Some(groups)
    }

    /// Says what of `matched` things can't be probed; `None` where that is all of them.
    pub(super) fn refused(
        &mut self,
        span: Span,
        refused: &[(String, Reason)],
        matched: usize,
        what: &str,
        all: bool,
    ) -> Option<()> {
        if all {
            let (name, reason) = refused.first()?;
            let count = refused.len();
            let mut diagnostic = Diagnostic::error("no-site", span, format!("`{name}` can't be probed here"))
                .note(reason.to_string())
                .help("probe a function that calls it, or one that it calls");
            if count > 1 {
                diagnostic = diagnostic.note(format!("nor can the {} others that match", count - 1));
            }
            self.report(diagnostic);
            return None;
        }
        if !refused.is_empty() {
            let shown: Vec<String> = refused.iter().take(3).map(|(n, r)| format!("{n}: {r}")).collect();
            let mut diagnostic = Diagnostic::warning(
                "left-out",
                span,
                format!("{} of {matched} {what} can't be probed and are left out", refused.len()),
            );
            for line in shown {
                diagnostic = diagnostic.note(line);
            }
            self.report(diagnostic);
        }
        Some(())
    }

    #[allow(clippy::too_many_arguments, reason = "a struct would only rename the list")]
    pub(super) fn function_sites(
        &mut self,
        point: &AttachPoint,
        file: &TargetBinary,
        binary: usize,
        function: &Function,
        what: &Wanted,
        grouping: &Grouping,
        groups: &mut Vec<Candidate>,
    ) -> Result<(), Reason> {
        let ret = what.ret;
        let go = function.language != Language::C;
        let sites = file.binary.sites(function)?;
        // The kernel's return probes would crash Go code, whose stacks move: a probe on each way
        // out instead. C code stays where it is.
        let kernel_ret = ret && !go;
        let inside = what.callee.is_some();
        let exits: Vec<Site> = match (ret, go) {
            _ if inside => calls(file, &sites, what.callee.as_ref())?,
            (true, true) => {
                let tails = if grouping.wants_results { &[][..] } else { &sites.tail_jumps[..] };
                sites.returns.iter().chain(tails).copied().collect()
            }
            _ => vec![sites.entry],
        };
        if exits.is_empty() {
            return Err(Reason::NeverReturns);
        }
        let kind = match (go, ret) {
            (true, false) if inside => point.text.value.clone(),
            (true, false) if what.inline => format!("go:{}:inline", function.name),
            (true, false) => format!("go:{}", function.name),
            (true, true) => format!("go:{}:return", function.name),
            (false, false) => format!("uprobe:{}:{}", file.name, function.name),
            (false, true) => format!("uretprobe:{}:{}", file.name, function.name),
        };
        let name = self.probe_name(&kind);
        let number = u64::from(self.function_number(&function.name)) << COOKIE_FUNCTION;
        let g_in_r14 = file.binary.g_in_r14(function);
        for site in exits {
            let checks_flags = matches!(site.condition, EntryCondition::UnlessBranchTaken);
            let flags = if checks_flags { COOKIE_CHECK_FLAGS } else { 0 };
            let info = SiteInfo {
                offset: site.offset,
                addr: site.addr,
                semaphore: None,
                cookie: u64::from(name) | flags | number,
                function: function.name.clone(),
            };
            let place = Place::Function {
                binary,
                function: function.clone(),
                site: site.addr,
                ret,
                inside,
                depth: if inside { file.binary.stack_depth(site.addr) } else { Some(0) },
                copy: None,
                atomic: None,
                go,
                g_in_r14,
            };
            join_group(groups, grouping, &point.text.value, place, kernel_ret, checks_flags, info);
        }
        Ok(())
    }

    /// Says so where a function is in a plugin that the process has loaded; gives whether it is.
    fn in_plugin(&mut self, file: &TargetBinary, pattern: &Spanned<String>, wild: bool) -> bool {
        let name = &pattern.value;
        let has_it = |plugin: &TargetBinary| {
            let functions = plugin.binary.functions();
            if wild { !functions.matching(name).is_empty() } else { !functions.exact(name).is_empty() }
        };
        let Some(plugin) = self.target.world.go_libraries().into_iter().find(has_it) else { return false };
        let message = format!("`{name}` is no function of {}, but of a plugin that it has loaded", file.name);
        let help = format!("write `uprobe:{}:{name}`", plugin.name);
        self.missing("unknown-function", pattern.span, message, Some(help));
        true
    }

    pub(super) fn no_function(
        &mut self,
        file: &TargetBinary,
        pattern: &Spanned<String>,
        wild: bool,
        only_go: bool,
    ) {
        let name = &pattern.value;
        let functions = file.binary.functions();
        if only_go && self.in_plugin(file, pattern, wild) {
            return;
        }
        if wild {
            let message = format!("no function of {} matches `{name}`", file.name);
            // `main.*T.f` is a pattern, and `main.(*T).f` is likely to be meant.
            let names = functions.names();
            let near = did_you_mean(&name.replace('*', ""), names.iter().map(|n| n.as_ref()));
            let help = near.unwrap_or_else(|| "`gprobe list PATTERN -p PID` shows what there is".to_owned());
            self.missing("no-match", pattern.span, message, Some(help));
            return;
        }
        if name.starts_with('$') {
            let message = format!("the script's parameter `{name}` is not given");
            let help = "parameters stand behind the script: `gprobe SCRIPT 'main.*' -p PID`".to_owned();
            self.missing("unknown-function", pattern.span, message, Some(help));
            return;
        }
        if only_go && self.inlined_everywhere(file, pattern) {
            return;
        }
        let message = match only_go {
            true => format!("no function of {} is called `{name}`", file.name),
            false => {
                format!("No matches for uprobe {}:{name}: the file has no function of that name", file.name)
            }
        };
        let names = functions.names();
        let instance =
            |known: &str| known.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('['));
        let help = if names.iter().any(|known| instance(known)) {
            format!("it is generic: `{name}[...]` is all of its instances")
        } else {
            did_you_mean(name, names.iter().map(|n| n.as_ref()))
                .unwrap_or_else(|| "`gprobe list PATTERN -p PID` shows what there is".to_owned())
        };
        self.missing("unknown-function", pattern.span, message, Some(help));
    }

    /// The number of a function's name: functions of one name (`static` ones of C's, instances of generic
    /// ones in binaries that don't tell them apart) are one key of a map.
    pub(super) fn function_number(&mut self, name: &str) -> u32 {
        // The suffix is the linker's, not the source's.
        let name = name.strip_suffix(".abi0").unwrap_or(name);
        if let Some(&number) = self.function_ids.get(name) {
            return number;
        }
        let number = self.functions.len() as u32;
        self.functions.push(name.to_owned());
        self.function_ids.insert(name.to_owned(), number);
        number
    }

    /// Names of the functions that have sites, by their numbers.
    pub(super) fn function_table(&mut self) -> u32 {
        let table = self.table("function", Vec::new);
        // Earlier programs of the session may have made it, with fewer.
        if let Some(found) = self.enums.get_mut(table as usize) {
            let known = found.names.len();
            let more = self.functions.iter().enumerate().skip(known);
            found.names.extend(more.map(|(number, name)| (number as u64, name.clone())));
        }
        table
    }

    /// The index of a probe's name: of a moment's, where its sites are being found.
    pub(super) fn probe_name(&mut self, name: &str) -> u32 {
        let moment = self.moment_name.clone();
        let name = moment.as_deref().unwrap_or(name);
        if let Some(&id) = self.probe_name_ids.get(name) {
            return id;
        }
        let id = self.probe_names.len() as u32;
        self.probe_names.push(name.to_owned());
        self.probe_name_ids.insert(name.to_owned(), id);
        id
    }
    /// Notes in the cookies of sites what a hit costs there.
    pub(super) fn price(&self, attach: &mut Attach) {
        let Attach::Uprobe { binary, sites, .. } = attach else { return };
        let Some(file) = self.binaries.get(*binary) else { return };
        for site in sites {
            site.cookie |= u64::from(Hits::class(file.binary.cost_at(site.addr))) << COOKIE_COST;
        }
    }
}

/// Which sites of a function are wanted.
pub(super) struct Wanted {
    /// Its ways out.
    pub(super) ret: bool,
    /// The calls of this function that it makes.
    pub(super) callee: Option<Spanned<String>>,
    /// C functions do not count.
    pub(super) only_go: bool,
    /// Its inlined copies, which are looked for elsewhere.
    pub(super) inline: bool,
}

/// The calls of a function by another.
fn calls(
    file: &TargetBinary,
    sites: &gprobe_symbols::Sites,
    callee: Option<&Spanned<String>>,
) -> Result<Vec<Site>, Reason> {
    let name = callee.map(|c| c.value.clone()).unwrap_or_default();
    let targets = file.binary.functions().exact(&name);
    let found: Vec<Site> = targets.iter().flat_map(|target| sites.calls(target.addr)).collect();
    if found.is_empty() { Err(Reason::NotFound { what: "direct call here of", name }) } else { Ok(found) }
}

/// How far sites may share a program.
pub(super) struct Grouping {
    /// The body reads arguments or results, which lie elsewhere in each function.
    pub(super) each_function: bool,
    /// The body must know its site, and the kernel gives no cookie.
    pub(super) each_site: bool,
    /// The body reads results, which a tail jump does not have.
    pub(super) wants_results: bool,
    /// The body reads arguments, which lie elsewhere at each place of a usdt probe.
    pub(super) arguments: bool,
    /// The body names the function that it is in.
    pub(super) names_function: bool,
    /// The body reads frames, which lie elsewhere at each depth of the stack.
    pub(super) frames: bool,
    /// The body reads what an atomic instruction has left, which differs from one to the next.
    pub(super) operands: bool,
}

/// Adds a site to the candidate whose body it can share, or a candidate for it.
pub(super) fn join_group(
    groups: &mut Vec<Candidate>,
    grouping: &Grouping,
    title: &str,
    place: Place,
    kernel_ret: bool,
    checks_flags: bool,
    info: SiteInfo,
) {
    let Place::Function { binary, .. } = place else { return };
    let same = groups.iter_mut().find(|group| {
        !grouping.each_site
            && group.checks_flags == checks_flags
            && group.shares(&place, grouping.each_function, grouping.frames)
            && (!grouping.operands || group.place.atomic() == place.atomic())
    });
    match same {
        Some(Candidate { attach: Attach::Uprobe { sites, .. }, .. }) => sites.push(info),
        _ => groups.push(Candidate {
            place,
            kind: ProgramKind::Uprobe,
            attach: Attach::Uprobe { binary, ret: kernel_ret, sites: vec![info] },
            title: title.to_owned(),
            checks_flags,
            cookie: 0,
        }),
    }
}

impl Candidate {
    /// Whether a site at `place` can share this candidate's body.
    pub(super) fn shares(&self, place: &Place, same_function: bool, same_depth: bool) -> bool {
        match (&self.place, place) {
            (
                Place::Function { binary: a, function: f, site: s, ret: r, go: g, g_in_r14: x, .. },
                Place::Function { binary: b, function: h, site: t, ret: q, go: j, g_in_r14: y, .. },
            ) => {
                let same = !same_function || (f.addr == h.addr && (*r || s == t));
                let frames = |place: &Place| (place.is_inside(), place.has_frame(), place.is_copy());
                let same = same && (!same_depth || self.place.depth() == place.depth());
                a == b && r == q && g == j && x == y && same && frames(&self.place) == frames(place)
            }
            _ => false,
        }
    }
}
