//! Bare words: builtins and the names of statuses.

use gprobe_lang::ast::{self, ExprKind as Ast};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};

use super::Resolver;
use super::body::Body;
use super::place::Place;
use super::stack::MAX_DEPTH;
use super::typed::{Arith, Expr, ExprKind, Pointee, Ty};
use crate::artifact::{CPointee, CType, EnumTable, Type};
use crate::builtins::{self, Id, Scope};
use crate::runtime_layout::RuntimeLayout;
use crate::x64;

impl Body<'_, '_> {
    pub(super) fn ident(&mut self, name: &str, span: Span) -> Expr {
        let of = |kind, ty| Expr { kind, ty, span };
        if let Some((value, _)) = builtins::G_STATUS.iter().find(|(_, n)| *n == name) {
            return of(ExprKind::Int(*value as i64), Ty::I64);
        }
        if let Some((table, value)) = self.cx.ctypes.values.get(name).copied() {
            return of(ExprKind::Int(value), Ty::Value(Type::Enum(table)));
        }
        let name = name.strip_prefix("__builtin_").unwrap_or(name);
        let Some(builtin) = builtins::find(name) else { return self.unknown_name(name, span) };
        match builtin.scope {
            Scope::Goroutine => {
                if let Place::OwnProcess(_) = self.place {
                    self.not_here(name, "it runs in gprobe itself, not in a goroutine; `iter:goroutine` visits goroutines, `go:FUNCTION` runs in one", span);
                    return self.broken(span);
                }
                if !self.need_runtime(name, span) {
                    return self.broken(span);
                }
            }
            Scope::Function if name.starts_with("arg") && matches!(self.place, Place::RawTracepoint) => {}
            Scope::Function if matches!(self.place, Place::Kernel { .. }) => {
                if name == "frame" {
                    self.not_here(
                        name,
                        "it is about a call in the target; in the kernel, `tid` tells calls apart",
                        span,
                    );
                    return self.broken(span);
                }
            }
            Scope::Function if !self.place.has_registers() => {
                self.not_here(
                    name,
                    "it is about a call of a function; write `go:FUNCTION` or `uprobe:FILE:FUNCTION`",
                    span,
                );
                return self.broken(span);
            }
            Scope::Stack if matches!(self.place, Place::Iterate(_)) => {
                self.not_here(
                    name,
                    "no thread of the target runs this probe; take `gostack`, the goroutine's own",
                    span,
                );
                return self.broken(span);
            }
            Scope::Function | Scope::Everywhere | Scope::Stack => {}
        }
        let int = |bytes, signed| Ty::Value(Type::Int { bytes, signed });
        let Some(id) = builtin.id else { return self.dependent(name, span) };
        let ty = match id {
            Id::Comm => Ty::string(16),
            Id::Pid
            | Id::Tid
            | Id::InitPid
            | Id::InitTid
            | Id::Uid
            | Id::Gid
            | Id::Cpu
            | Id::Rand
            | Id::Numaid => int(4, false),
            Id::Nsecs
            | Id::Elapsed
            | Id::Cgroup
            | Id::Cookie
            | Id::Function
            | Id::Displacement
            | Id::Goid
            | Id::Curg
            | Id::Curm
            | Id::Curp
            | Id::Frame
            | Id::Jiffies => Ty::U64,
            Id::Goparent => {
                let known = self.cx.runtime.is_some_and(|layout| layout.g_parent.is_some());
                if !known {
                    self.error(
                        Diagnostic::error("no-layout", span, "`goparent` can't be read here")
                            .note("goroutines know their parents since Go 1.21"),
                    );
                    return self.broken(span);
                }
                Ty::U64
            }
            Id::Gname => Ty::Value(Type::UserFunction),
            Id::Gopc => Ty::Value(Type::GoLine),
            Id::Waitsince => Ty::I64,
            Id::Username => Ty::Value(Type::Username),
            Id::CurM => Ty::I64,
            Id::CurP | Id::CgoDepth => int(4, true),
            Id::Gstatus => Ty::Value(Type::Enum(self.cx.status_table())),
            Id::Waitreason => match self.cx.waitreason_table() {
                Ok(table) => Ty::Value(Type::Enum(table)),
                Err(reason) => {
                    self.error(
                        Diagnostic::error("no-layout", span, "waitreason can't be read here").note(reason),
                    );
                    return self.broken(span);
                }
            },
        };
        if id == Id::Frame {
            if !self.need_runtime(name, span) {
                return self.broken(span);
            }
            return of(ExprKind::Frame { own: self.place.own_frame() }, ty);
        }
        of(ExprKind::Builtin(id), ty)
    }

    /// Builtins whose type depends on the probe.
    fn dependent(&mut self, name: &str, span: Span) -> Expr {
        let of = |kind, ty| Expr { kind, ty, span };
        match name {
            "probe" => {
                self.uses.cookie = true;
                of(ExprKind::Builtin(Id::Cookie), Ty::Value(Type::ProbeName))
            }
            "func" if let Place::Kernel { function, .. } = self.place => {
                let function = function.clone();
                self.found_string(&function, span)
            }
            "func" => {
                self.uses.cookie = true;
                let table = self.cx.function_table();
                of(ExprKind::Builtin(Id::Function), Ty::Value(Type::Enum(table)))
            }
            "gostack" => {
                let mode = self.cx.options.stack_mode;
                self.go_stack(MAX_DEPTH, mode, span)
            }
            "kstack" | "ustack" => {
                let mode = self.cx.options.stack_mode;
                self.stack(name == "ustack", MAX_DEPTH, mode, span)
            }
            "ncpus" => of(ExprKind::Int(i64::from(self.cx.target.kernel.possible_cpus)), Ty::U64),
            "cpid" => match self.cx.target.command {
                Some(pid) => of(ExprKind::Int(i64::from(pid)), Ty::int(4, false)),
                None => {
                    self.error(
                        Diagnostic::error("no-target", span, "there is no process that gprobe has started")
                            .help("start one: `gprobe ... -c COMMAND`"),
                    );
                    self.broken(span)
                }
            },
            "has_cpid" => of(ExprKind::Int(i64::from(self.cx.target.command.is_some())), Ty::BOOL),
            "go_minor" => {
                let version = self.cx.go_executable().and_then(|go| go.binary.go_version());
                of(ExprKind::Int(version.map_or(0, |version| i64::from(version.minor))), Ty::U64)
            }
            "probetype" => {
                let kind = self.place.probe_type();
                self.string(kind.as_bytes(), span)
            }
            "usermode" => match self.place {
                Place::Function { .. } | Place::Usdt { .. } => of(ExprKind::Int(1), Ty::int(1, false)),
                Place::OwnProcess(_) | Place::Iterate(_) => of(ExprKind::Int(1), Ty::int(1, false)),
                _ => of(ExprKind::Int(0), Ty::int(1, false)),
            },
            "config" => self.config_record(span),
            "ctx" => {
                let first = of(ExprKind::Int(0), Ty::U64);
                of(first.kind, Self::void_pointer())
            }
            "curtask" => of(ExprKind::CurrentTask, Self::void_pointer()),
            "retval" => self.retval(span),
            "curg" | "curm" | "curp" => self.runtime_struct(name, span),
            "sched" => self.scheduler(span),
            "args" if matches!(self.place, Place::Usdt { .. }) => {
                self.not_here("args", "arguments of usdt probes have no names; write arg0, arg1, ...", span);
                self.broken(span)
            }
            "args" if matches!(self.place, Place::Function { go: false, .. }) => self.c_args(span),
            "args" => {
                self.error(
                    Diagnostic::error("incomplete", span, "`args` alone is no value")
                        .help("name one: `args.NAME`; `gprobe list -v` shows the names"),
                );
                self.broken(span)
            }
            _ => self.arg(name, span),
        }
    }

    /// `argN`: by its register.
    fn arg(&mut self, name: &str, span: Span) -> Expr {
        let Some(index) = builtins::arg_index(name) else { return self.unknown_name(name, span) };
        if let Place::RawTracepoint = self.place {
            return self.word_argument(index as u16, span);
        }
        if let Place::Usdt { .. } = self.place {
            return self.usdt_argument(index, span);
        }
        if let Place::Kernel { ret, .. } = self.place {
            return self.kernel_argument(name, index, *ret, span);
        }
        let Place::Function { function, ret, go, inside, .. } = self.place else { return self.broken(span) };
        if *inside {
            self.not_here(name, "in the middle of a function, registers hold what they happen to hold; keep what you need in a map at the entry", span);
            return self.broken(span);
        }
        if *ret {
            self.not_here(
                name,
                "on the way out, the registers hold results; keep what you need in a map at the entry",
                span,
            );
            return self.broken(span);
        }
        if function.abi == gprobe_symbols::Abi::Abi0 {
            return self.stack_word(index, span);
        }
        let registers: &[u16] = if *go { &x64::GO_ARGS } else { &x64::C_ARGS };
        match registers.get(index) {
            Some(&offset) => {
                Expr { kind: ExprKind::Context { offset, bytes: 8, signed: false }, ty: Ty::U64, span }
            }
            None => {
                let count = registers.len();
                self.error(
                    Diagnostic::error(
                        "out-of-range",
                        span,
                        format!("only arg0 to arg{} are passed in registers", count - 1),
                    )
                    .help("name it: `args.NAME`; `gprobe list -v` shows the names"),
                );
                self.broken(span)
            }
        }
    }

    /// An argument of Go's ABI0, above the return address on the stack.
    fn stack_word(&self, index: usize, span: Span) -> Expr {
        let of = |kind, ty| Expr { kind, ty, span };
        let sp = of(ExprKind::Context { offset: x64::RSP, bytes: 8, signed: false }, Ty::U64);
        let above = of(ExprKind::Int(8 + 8 * index as i64), Ty::I64);
        let addr = of(ExprKind::Arith(Arith::Add, Box::new(sp), Box::new(above)), Ty::U64);
        of(ExprKind::ReadUser { addr: Box::new(addr), bytes: 8, signed: false }, Ty::U64)
    }

    fn unknown_name(&mut self, name: &str, span: Span) -> Expr {
        let diagnostic = Diagnostic::error("unknown-name", span, format!("`{name}` is not defined"));
        if let Some(instead) = self.other_word(name) {
            self.error(diagnostic.help(instead));
            return self.broken(span);
        }
        let names = builtins::BUILTINS
            .iter()
            .map(|b| b.name)
            .chain(builtins::G_STATUS.iter().map(|(_, n)| *n))
            .chain(crate::functions::FUNCTIONS.iter().map(|f| f.name));
        let declared = self.cx.ctypes.values.keys().cloned().chain(self.cx.macros.iter().cloned());
        let declared: Vec<String> = declared.collect();
        let names = names.chain(declared.iter().map(String::as_str));
        let instead = did_you_mean(name, names);
        let instead = instead.unwrap_or_else(|| format!("a variable is written `${name}`, a map `@{name}`"));
        self.error(diagnostic.help(instead));
        self.broken(span)
    }

    /// `x.name`
    pub(super) fn field(&mut self, base: &ast::Expr, name: &Spanned<String>, span: Span) -> Expr {
        // Selectors are read from their root: `args.req.URL` is two steps from `args.req`.
        if let Ast::Ident(root) = &base.kind
            && root == "args"
        {
            if let Some(atomic) = self.place.atomic() {
                return self.atomic_arg(atomic, name, span).unwrap_or_else(|| self.broken(span));
            }
            return match self.place {
                Place::Tracepoint { .. } => self.tracepoint_field(name, span),
                Place::Function { go: false, .. } => self.c_arg(name, span),
                Place::Function { .. } => self.go_arg(name, span),
                Place::Usdt { .. } => {
                    self.not_here(
                        "args",
                        "arguments of usdt probes have no names; write arg0, arg1, ...",
                        base.span,
                    );
                    self.broken(span)
                }
                _ => {
                    self.not_here(
                        "args",
                        "it is about no call; `go:FUNCTION` and `tracepoint:...` have arguments",
                        base.span,
                    );
                    self.broken(span)
                }
            };
        }
        self.select_field(base, name, span)
    }

    fn tracepoint_field(&mut self, name: &Spanned<String>, span: Span) -> Expr {
        let Place::Tracepoint { name: tracepoint, fields } = self.place else { return self.broken(span) };
        let Some(field) = fields.iter().find(|f| f.name == name.value) else {
            let mut diagnostic = Diagnostic::error(
                "unknown-field",
                name.span,
                format!("the tracepoint {tracepoint} has no field `{}`", name.value),
            );
            let known: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
            let hint = did_you_mean(&name.value, known.iter().copied());
            diagnostic =
                diagnostic.help(hint.unwrap_or_else(|| "name one of its fields: `args.NAME`".to_owned()));
            diagnostic = diagnostic.note(format!("its fields: {}", known.join(", ")));
            self.error(diagnostic);
            return self.broken(span);
        };
        let Ok(offset) = u16::try_from(field.offset) else { return self.broken(span) };
        let is_text = field.c_type.contains("char");
        if field.data_loc || field.array.is_some() {
            if is_text {
                let max = if field.data_loc {
                    self.cx.options.max_strlen
                } else {
                    field.size.next_multiple_of(8) + 4
                };
                return Expr {
                    kind: ExprKind::ContextStr { offset, data_loc: field.data_loc },
                    ty: Ty::string(max),
                    span,
                };
            }
            let what = format!("the field `{}` of type {}", field.name, field.c_type);
            self.error(super::body::not_yet(span, &what));
            return self.broken(span);
        }
        let bytes = match field.size {
            size @ (1 | 2 | 4 | 8) => size as u8,
            size => {
                let what = format!("a field of {size} bytes");
                self.error(super::body::not_yet(span, &what));
                return self.broken(span);
            }
        };
        let signed = field.signed;
        let ty = if field.c_type.ends_with('*') {
            Ty::Pointer(self.tracepoint_pointee(&field.c_type))
        } else {
            Ty::Value(Type::Int { bytes, signed })
        };
        Expr { kind: ExprKind::Context { offset, bytes, signed }, ty, span }
    }

    /// What a pointer in a tracepoint's record points to: `const char *const *` is pointers to text.
    fn tracepoint_pointee(&self, c_type: &str) -> Pointee {
        let stars = c_type.matches('*').count();
        let base = c_type.replace("const", " ").replace('*', " ");
        let base = base.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut ty = self.cx.c_named(&base).unwrap_or(CType::Void);
        for _ in 1..stars {
            ty = CType::Pointer(CPointee::Type(Box::new(ty)));
        }
        Pointee::C { ty, kernel: false }
    }

    /// Makes sure that the runtime's offsets are known; reports why not.
    pub(super) fn need_runtime(&mut self, what: &str, span: Span) -> bool {
        match self.cx.runtime_layout(!self.place.has_goroutine()) {
            Ok(()) => {
                self.cx.warn_of_new_release(span);
                true
            }
            Err(reason) => {
                self.error(
                    Diagnostic::error("no-layout", span, format!("`{what}` can't be read here")).note(reason),
                );
                false
            }
        }
    }
}

impl Resolver<'_> {
    pub(super) fn table(&mut self, name: &str, names: impl FnOnce() -> Vec<(u64, String)>) -> u32 {
        let index = self.enums.iter().position(|t| t.name == name).unwrap_or_else(|| {
            self.enums.push(EnumTable { name: name.to_owned(), names: names() });
            self.enums.len() - 1
        });
        index as u32
    }

    fn status_table(&mut self) -> u32 {
        self.table("gstatus", || {
            let names = builtins::G_STATUS.iter().map(|(v, n)| (*v, (*n).to_owned()));
            names.chain([(crate::lower::NO_STATUS as u64, "none".to_owned())]).collect()
        })
    }

    /// Says where a release's own layout is not known, and another's is tried in its place.
    fn warn_of_new_release(&mut self, span: Span) {
        let Some(executable) = self.go_executable() else { return };
        let known = executable.binary.runtime_offsets().ok().and_then(|offsets| offsets.release);
        let (Some(version), Some((major, minor, patch))) = (executable.binary.go_version(), known) else {
            return;
        };
        let said = self.diagnostics.iter().any(|diagnostic| diagnostic.code == "unknown-release");
        if (version.major, version.minor) != (major, minor) && !said {
            let message =
                format!("gprobe does not know the runtime of Go {}.{}", version.major, version.minor);
            let note = format!(
                "the binary has no debug information; its code agrees with the layout of Go {major}.{minor}.{patch}, \
                 which is used, and verified on the process before anything is attached"
            );
            let warning = Diagnostic::warning("unknown-release", span, message).note(note);
            self.report(
                warning.help("a newer gprobe may know it; with debug information any release is known"),
            );
        }
    }

    pub(super) fn waitreason_table(&mut self) -> Result<u32, String> {
        let executable = self.go_executable().ok_or(NO_GO)?;
        let reasons = executable.binary.wait_reasons().map_err(|reason| reason.to_string())?;
        Ok(self.table("waitreason", || reasons.into_iter().enumerate().map(|(i, n)| (i as u64, n)).collect()))
    }

    /// Reads the runtime's offsets, and those of the kernel's thread where `outside_go`.
    pub(super) fn runtime_layout(&mut self, outside_go: bool) -> Result<(), String> {
        if self.runtime.is_none() {
            let executable = self.go_executable().ok_or(NO_GO)?;
            let offsets = executable.binary.runtime_offsets().map_err(|reason| reason.to_string())?;
            let tls = self.target.world.g_tls_offset(executable).map_err(|absent| absent.reason)?;
            let small = |value: u64| u32::try_from(value).map_err(|_| "an offset is too large".to_owned());
            self.runtime = Some(RuntimeLayout {
                tls_g: tls,
                task_fsbase: None,
                task_stack: None,
                g_stack_lo: small(offsets.g.stack_lo.value)?,
                g_stack_hi: small(offsets.g.stack_hi.value)?,
                g_m: small(offsets.g.m.value)?,
                g_status: small(offsets.g.atomicstatus.value)?,
                g_goid: small(offsets.g.goid.value)?,
                g_waitreason: small(offsets.g.waitreason.value)?,
                g_sched_pc: small(offsets.g.sched_pc.value)?,
                g_sched_bp: small(offsets.g.sched_bp.value)?,
                g_syscallpc: small(offsets.g.syscallpc.value)?,
                g_syscallbp: offsets.g.syscallbp.map(|offset| small(offset.value)).transpose()?,
                g_gopc: small(offsets.g.gopc.value)?,
                g_startpc: small(offsets.g.startpc.value)?,
                g_parent: offsets.g.parent_goid.map(|offset| small(offset.value)).transpose()?,
                g_waitsince: small(offsets.g.waitsince.value)?,
                g_labels: small(offsets.g.labels.value)?,
                m_gsignal: small(offsets.m.gsignal.value)?,
                cgo_has_frame: executable.binary.go_version().is_none_or(|v| v.at_least(1, 21)),
                m_curg: small(offsets.m.curg.value)?,
                m_p: small(offsets.m.p.value)?,
                m_oldp: small(offsets.m.oldp.value)?,
                m_id: small(offsets.m.id.value)?,
                m_ncgo: small(offsets.m.ncgo.value)?,
                p_id: small(offsets.p.id.value)?,
            });
        }
        if outside_go && self.runtime.is_some_and(|r| r.task_fsbase.is_none()) {
            let world = self.target.world;
            let fsbase = world.task_fsbase_offset().map_err(|absent| absent.reason)?;
            let stack = if self.target.kernel.task_registers {
                None
            } else {
                Some(world.task_stack_offset().map_err(|absent| absent.reason)?)
            };
            if let Some(runtime) = &mut self.runtime {
                (runtime.task_fsbase, runtime.task_stack) = (Some(fsbase), stack);
            }
        }
        Ok(())
    }
}

/// Said where a builtin needs a Go program and none is named.
const NO_GO: &str = "it is read from a Go program: name one with -p PID, -c COMMAND or -x BINARY";
