//! What is asked of a damaged file: a table, so that a question more is a row more.

use std::hint::black_box;
use std::sync::Arc;

use gprobe_symbols::{
    Binary, FileOffset, Function, LinkAddr, Param, RuntimeVariable, Type, TypeId, TypeKind,
};

use super::bases::Kind;

/// A question: its name, its share of the scripts, which is small where it reads much, and how it is asked.
pub(super) type Question = (&'static str, u8, fn(&Binary, &Asked<'_>));

/// What there was to ask about before the file was damaged.
pub(super) struct Hints {
    /// Go's and C's functions of the program itself, and some of the runtime.
    functions: Vec<Function>,
    addrs: Vec<LinkAddr>,
}

/// What a question is about.
pub(super) struct Asked<'a> {
    pub(super) hints: &'a Hints,
    /// Which of them.
    pub(super) number: usize,
}

/// Names of types, and patterns that lead to them.
const TYPES: [&str; 16] = [
    "main.outer",
    "main.inner",
    "main.pair[string,int]",
    "main.walker",
    "string",
    "[]uint8",
    "map[string]int",
    "chan *main.outer",
    "*main.outer",
    "runtime.stack",
    "runtime.eface",
    "internal/runtime/atomic.Uint32",
    "struct tree",
    "union number",
    "enum colour",
    "place",
];
const VARIABLES: [&str; 8] = [
    "main.state",
    "main.counter",
    "runtime.waitReasonStrings",
    "runtime.types",
    "runtime.tlsg",
    "runtime.firstmoduledata",
    "root",
    "counter",
];
/// Patterns; the last ones match so much that they are seldom asked for.
const PATTERNS: [&str; 5] = ["main.*", "main.(*outer).*", "main.swap[*]", "*", "*o*"];
const PATHS: [&[&str]; 6] =
    [&["next"], &["inner", "words"], &["words"], &["list"], &["number", "low"], &["left", "left", "colour"]];
/// Answers that are looked into further.
const MOST: usize = 6;

/// The questions to a reader.
fn of(kind: Kind) -> &'static [Question] {
    match kind {
        Kind::Elf => &ELF,
        Kind::Dwarf => &DWARF,
        Kind::Pclntab => &PCLNTAB,
    }
}

/// The question of that number.
pub(super) fn nth(kind: Kind, number: u8) -> Question {
    let all = of(kind);
    let at = super::shared(all, |(_, share, _)| *share, number);
    all.get(at).copied().unwrap_or(("nothing", 0, |_, _| {}))
}

const ELF: [Question; 19] = [
    ("build id", 1, |binary, _| see(binary.build_id())),
    ("kind of file", 1, |binary, _| {
        see((binary.is_pie(), binary.has_dwarf(), binary.has_symbols()));
    }),
    ("Go release", 1, |binary, _| see(binary.go_version())),
    ("segments", 8, |binary, asked| {
        for segment in binary.segments() {
            see((
                segment.is_executable(),
                binary.file_offset(segment.vaddr),
                binary.link_addr(segment.offset),
            ));
        }
        see(binary.link_addr(FileOffset(asked.addr().0 & 0xf_ffff)));
    }),
    ("bytes", 8, |binary, asked| {
        for len in [0, 1, 8, 4096, usize::MAX] {
            see(binary.bytes_at(asked.addr(), len));
        }
        see(binary.file_offset(asked.addr()));
    }),
    ("a function by its name", 1, exact),
    ("a function by its name and the other ABI", 1, |binary, asked| {
        see(binary.functions().exact_all(&format!("{}.abi0", asked.function().name)));
    }),
    ("instances of a function", 1, |binary, asked| {
        let name = ["main.swap[...]", "main.swap[string,int]"].get(asked.number % 2).copied();
        see(binary.functions().exact(name.unwrap_or_default()));
    }),
    ("functions by a pattern", 1, matching),
    ("a function by its address", 8, containing),
    ("names of functions", 1, names),
    ("how many functions", 1, |binary, _| {
        see((binary.functions().len(), binary.functions().is_empty()));
    }),
    ("a variable", 8, |binary, asked| see(binary.variable(asked.pick(&VARIABLES)))),
    ("where g is", 1, |binary, _| see(binary.g_tls_offset())),
    ("wait reasons", 1, |binary, _| see(binary.wait_reasons())),
    ("sites of a known function", 8, sites),
    ("sites of a function that is found", 1, sites_of_found),
    ("static probes", 8, |binary, _| see(binary.usdt())),
    ("a line", 8, line),
];

const DWARF: [Question; 22] = [
    ("parameters", 12, |binary, asked| {
        types_of(binary, &binary.params(asked.function()).unwrap_or_default())
    }),
    ("parameters and their places", 12, |binary, asked| {
        for param in binary.params(asked.function()).unwrap_or_default() {
            see(param.location_at(asked.addr()));
        }
    }),
    ("parameters by rule", 12, |binary, asked| {
        see(binary.params_by_abi(asked.function()));
    }),
    ("results by rule", 12, |binary, asked| {
        see(binary.results_at_return(asked.function()));
    }),
    ("captured variables", 12, |binary, asked| {
        for captured in binary.captured(asked.function()).unwrap_or_default().iter().take(MOST) {
            walk(binary, captured.ty, 2);
        }
    }),
    ("types of parameters", 12, |binary, asked| {
        for param in binary.params(asked.function()).unwrap_or_default().iter().take(MOST) {
            walk(binary, param.ty, 3);
        }
    }),
    ("fields of parameters", 12, |binary, asked| {
        for param in binary.params(asked.function()).unwrap_or_default().iter().take(MOST) {
            let target = match binary.layout().ty(param.ty).map(|ty| ty.kind) {
                Ok(TypeKind::Pointer(Some(target))) => target,
                _ => param.ty,
            };
            see(binary.layout().field_path(target, asked.path()));
        }
    }),
    ("numbers in parameters", 12, |binary, asked| {
        for param in binary.params(asked.function()).unwrap_or_default().iter().take(MOST) {
            see((binary.layout().scalar(param.ty), binary.layout().size_of(param.ty)));
        }
    }),
    ("a type of a C library", 12, |binary, asked| {
        if binary.go_version().is_none()
            && let Ok(id) = binary.layout().find_type(asked.pick(&TYPES))
        {
            walk(binary, id, 4);
        }
    }),
    ("a path in a C library", 12, |binary, asked| {
        if binary.go_version().is_none()
            && let Ok(id) = binary.layout().find_type("struct tree")
        {
            see((binary.layout().field_path(id, asked.path()), binary.layout().scalar(id)));
        }
    }),
    ("parameters, twice", 1, |binary, asked| {
        for _ in 0..2 {
            types_of(binary, &binary.params(asked.function()).unwrap_or_default());
        }
    }),
    ("sites and parameters", 1, |binary, asked| {
        for function in binary.functions().exact(&asked.function().name).iter().take(MOST) {
            see((binary.sites(function).is_ok(), binary.params(function).is_ok()));
        }
    }),
    ("parameters by rule of what is found", 1, |binary, asked| {
        for function in binary.functions().exact(&asked.function().name).iter().take(MOST) {
            see(binary.params_by_abi(function));
        }
    }),
    ("captured variables of what is found", 1, |binary, asked| {
        for function in binary.functions().exact(&asked.function().name).iter().take(MOST) {
            see(binary.captured(function));
        }
    }),
    // From here on much is read.
    ("a type", 1, |binary, asked| {
        if let Ok(id) = binary.layout().find_type(asked.pick(&TYPES)) {
            walk(binary, id, 3);
        }
    }),
    ("a path", 1, |binary, asked| {
        if let Ok(id) = binary.layout().find_type(asked.pick(&TYPES)) {
            see((binary.layout().field_path(id, asked.path()), binary.layout().scalar(id)));
        }
    }),
    ("the type of a variable", 1, |binary, asked| {
        if let Ok(id) = binary.layout().variable_type(asked.pick(&VARIABLES)) {
            walk(binary, id, 3);
        }
    }),
    ("a type by its address", 1, |binary, asked| {
        if asked.number.is_multiple_of(32) {
            let types = binary.variable("runtime.types").map_or(0, |symbol| symbol.addr.0);
            let found = binary.layout().runtime_type(LinkAddr(types.wrapping_add(asked.number as u64 * 32)));
            see(found.ok().flatten().map(|id| binary.layout().runtime_address(id)));
        }
    }),
    ("the address of a type", 1, |binary, asked| {
        if asked.number.is_multiple_of(32)
            && let Ok(id) = binary.layout().find_type(asked.pick(&TYPES))
        {
            see(binary.layout().runtime_address(id));
        }
    }),
    ("inlined copies", 1, |binary, asked| {
        if asked.number.is_multiple_of(32) {
            let name = ["main.small", "sum"].get(asked.number / 32 % 2).copied().unwrap_or_default();
            see(binary.inlined_copies(name));
        }
    }),
    ("the runtime's layout", 1, |binary, asked| {
        if asked.number.is_multiple_of(32) {
            see(binary.runtime_offsets().is_ok());
        }
    }),
    ("nothing but whether it is there", 1, |binary, _| {
        see(binary.has_dwarf());
    }),
];

const PCLNTAB: [Question; 17] = [
    ("a line", 8, line),
    ("source frames", 1, |binary, asked| {
        for addr in asked.hints.addrs.iter().skip(asked.number).take(MOST) {
            see(binary.source_frames(*addr));
        }
    }),
    ("the return address", 8, |binary, asked| {
        for addr in asked.hints.addrs.iter().skip(asked.number).take(MOST) {
            see((binary.at_return_address(*addr), binary.go_function_offset(*addr)));
        }
    }),
    ("a function by its name", 1, exact),
    ("functions by a pattern", 1, matching),
    ("a function by its address", 8, containing),
    ("names of functions", 1, names),
    ("sites of a known function", 8, sites),
    ("sites of a function that is found", 1, sites_of_found),
    ("a line of what is found", 1, |binary, asked| {
        for function in binary.functions().exact(&asked.function().name).iter().take(MOST) {
            for addr in [function.addr, LinkAddr(function.end().0.wrapping_sub(1))] {
                see(binary.line(addr));
                see(binary.source_frames(addr));
            }
        }
    }),
    ("wait reasons", 1, |binary, _| see(binary.wait_reasons())),
    ("where g is", 1, |binary, _| see((binary.g_tls_offset(), binary.g_tls_word()))),
    ("the runtime's layout", 1, |binary, _| {
        for name in ["runtime.g", "*runtime.m"] {
            if let Ok(id) = binary.layout().find_type(name) {
                walk(binary, id, 2);
            }
        }
        see(binary.runtime_offsets().is_ok());
    }),
    ("variables of the runtime", 1, |binary, asked| {
        let all = [RuntimeVariable::G0, RuntimeVariable::M0, RuntimeVariable::Allgs, RuntimeVariable::Allm];
        see(all.get(asked.number % all.len()).map(|variable| binary.runtime_variable(*variable)));
    }),
    ("places of a line", 1, |binary, asked| {
        let files = binary.go_files();
        let file = files.get(asked.number % files.len().max(1)).copied();
        if let (Some(file), true) = (file, asked.number.is_multiple_of(8)) {
            see(binary.line_places(&[file], u32::try_from(asked.number).unwrap_or(0)));
            see(binary.lines_with_code(&[file]));
        }
    }),
    ("C functions and inlined copies", 1, |binary, asked| {
        see(binary.cgo_callee(asked.addr()).map(str::to_owned));
        if asked.number.is_multiple_of(8) {
            see(binary.inlined_copies(&asked.function().name));
        }
    }),
    ("Go release", 1, |binary, _| see(binary.go_version())),
];

/// Has an answer made.
fn see<T>(answer: T) {
    drop(black_box(answer));
}

fn exact(binary: &Binary, asked: &Asked<'_>) {
    see(binary.functions().exact(&asked.function().name));
}

fn matching(binary: &Binary, asked: &Asked<'_>) {
    let patterns = if asked.number.is_multiple_of(16) { &PATTERNS[..] } else { &PATTERNS[..3] };
    see(binary.functions().matching(asked.pick(patterns)));
}

fn containing(binary: &Binary, asked: &Asked<'_>) {
    see(binary.functions().containing(asked.addr()));
}

fn names(binary: &Binary, _: &Asked<'_>) {
    see(binary.functions().names());
}

fn line(binary: &Binary, asked: &Asked<'_>) {
    for addr in asked.hints.addrs.iter().skip(asked.number).take(MOST) {
        see(binary.line(*addr));
    }
}

fn sites(binary: &Binary, asked: &Asked<'_>) {
    if let Ok(sites) = binary.sites(asked.function()) {
        see((sites.calls(asked.addr()), sites.all_calls()));
    }
}

fn sites_of_found(binary: &Binary, asked: &Asked<'_>) {
    for function in binary.functions().exact(&asked.function().name).iter().take(MOST) {
        see((binary.sites(function).is_ok(), binary.g_in_r14(function)));
    }
}

fn types_of(binary: &Binary, params: &[Param]) {
    for param in params.iter().take(MOST) {
        see(binary.layout().ty(param.ty));
    }
}

/// Asks for a type and those that it is made of.
fn walk(binary: &Binary, id: TypeId, depth: usize) {
    let layout = binary.layout();
    let Ok(Type { kind, .. }) = layout.ty(id) else { return };
    see((layout.size_of(id), layout.scalar(id)));
    let Some(depth) = depth.checked_sub(1) else { return };
    let next: Vec<TypeId> = match kind {
        TypeKind::Pointer(target) => target.into_iter().collect(),
        TypeKind::Struct { fields } => fields.iter().take(MOST).map(|field| field.ty).collect(),
        TypeKind::Array { elem, .. } | TypeKind::Slice { elem } | TypeKind::Chan { elem } => vec![elem],
        TypeKind::Map { key, elem } => vec![key, elem],
        _ => Vec::new(),
    };
    for id in next {
        walk(binary, id, depth);
    }
}

impl Hints {
    /// Of a file that is not damaged yet.
    pub(super) fn of(kind: Kind, bytes: &[u8]) -> Self {
        let binary = Binary::open(Arc::new(bytes.to_vec())).expect("a compiler's file");
        let mut functions = binary.functions().matching("main.*");
        for name in ["visit", "busy"] {
            functions.extend(binary.functions().exact(name));
        }
        // Their debug information is a hundred times that of the rest.
        if kind != Kind::Dwarf {
            for name in ["runtime.gopark", "runtime.mallocgc", "runtime.rt0_go", "runtime.cgocall"] {
                functions.extend(binary.functions().exact(name));
            }
        }
        assert!(!functions.is_empty(), "no functions to ask about");
        let addrs = functions
            .iter()
            .flat_map(|f| {
                [f.addr, LinkAddr(f.addr.0 + f.size / 2), LinkAddr(f.addr.0 + f.size.saturating_sub(1))]
            })
            .chain([LinkAddr(0), LinkAddr(u64::MAX)])
            .collect();
        Self { functions, addrs }
    }
}

impl Asked<'_> {
    fn function(&self) -> &Function {
        let all = &self.hints.functions;
        all.get(self.number % all.len()).unwrap_or_else(|| unreachable!("there are functions"))
    }

    fn addr(&self) -> LinkAddr {
        let all = &self.hints.addrs;
        all.get(self.number % all.len()).copied().unwrap_or_default()
    }

    fn pick(&self, from: &[&'static str]) -> &'static str {
        from.get(self.number % from.len()).copied().unwrap_or_default()
    }

    fn path(&self) -> &'static [&'static str] {
        PATHS.get(self.number % PATHS.len()).copied().unwrap_or_default()
    }
}
