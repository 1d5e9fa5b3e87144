//! The statements that walk a Go map from place to place.

use gprobe_lang::source::Span;
use gprobe_symbols::Binary;

use super::body::Body;
use super::go_places::{Places, is_swiss};
use super::go_value::plus;
use super::typed::{Arith, Compare, Expr, ExprKind, Stmt, Ty, VarId};

/// The highest bit of all eight bytes about a group's places: set where a place is empty.
const EMPTY: i64 = 0x8080_8080_8080_8080_u64.cast_signed();
/// The byte about an empty place of a group, and of one that was deleted, is no less.
const LEAST_EMPTY: i64 = 0x80;
/// Places of a group or a bucket.
const PLACES: i64 = 8;
/// Below it, a place of a bucket is empty (`minTopHash`).
const LEAST_TOP_HASH: i64 = 5;
/// A bit of `hmap.flags`: the map grows to the size it has (`sameSizeGrow`).
const SAME_SIZE: i64 = 8;

/// Where the runtime's structs of maps keep what the walk needs.
pub(super) enum Layout {
    Groups { used: u64, dir: u64, dir_len: u64, index: u64, groups: u64, mask: u64 },
    Buckets { count: u64, flags: u64, shift: u64, buckets: u64, old: u64 },
}

impl Layout {
    /// As the debug information has it.
    pub(super) fn of(binary: &Binary) -> Result<Self, String> {
        let layout = binary.layout();
        let field = |ty: &str, path: &[&str]| {
            let ty = layout.find_type(ty).map_err(|reason| reason.to_string())?;
            let (offset, _) = layout.field_path(ty, path).map_err(|error| error.to_string())?;
            Ok::<u64, String>(offset)
        };
        if is_swiss(binary) {
            let (map, table) = ("internal/runtime/maps.Map", "internal/runtime/maps.table");
            return Ok(Self::Groups {
                used: field(map, &["used"])?,
                dir: field(map, &["dirPtr"])?,
                dir_len: field(map, &["dirLen"])?,
                index: field(table, &["index"])?,
                groups: field(table, &["groups", "data"])?,
                mask: field(table, &["groups", "lengthMask"])?,
            });
        }
        let map = "runtime.hmap";
        Ok(Self::Buckets {
            count: field(map, &["count"])?,
            flags: field(map, &["flags"])?,
            shift: field(map, &["B"])?,
            buckets: field(map, &["buckets"])?,
            old: field(map, &["oldbuckets"])?,
        })
    }
}

/// A part of the wanted key.
pub(super) struct KeyPart {
    /// Bytes from the key's start.
    pub(super) offset: u64,
    /// Bytes of a number, and whether it has a sign; `None` for a string.
    pub(super) number: Option<(u8, bool)>,
    /// What it must be: a constant or a variable.
    pub(super) wanted: Expr,
}

/// The variables of a walk.
pub(super) struct Walk {
    /// The map's address.
    pub(super) map: VarId,
    /// The element's address.
    pub(super) found: VarId,
    /// Whether there are places that were not looked at.
    pub(super) more: VarId,
    /// The group or bucket.
    group: VarId,
    /// The bytes about its places, from the one that is looked at.
    control: VarId,
    /// The place.
    place: VarId,
    /// Where the next group or bucket is.
    next: VarId,
    /// How many come.
    left: VarId,
    /// The table in the directory, or where the other buckets are.
    other: VarId,
    /// How many tables, or how many other buckets.
    others: VarId,
    /// What a step works with.
    step: VarId,
    /// Counts the rounds.
    round: VarId,
    /// Whether the verifier follows the rounds one by one.
    followed: bool,
    places: Places,
    parts: Vec<KeyPart>,
    span: Span,
}

impl Walk {
    pub(super) fn declare(body: &mut Body<'_, '_>, places: Places, parts: Vec<KeyPart>, span: Span) -> Self {
        let followed = !body.cx.target.kernel.may_goto;
        let mut var = |name: &str| body.hidden(name, Ty::U64, span);
        Self {
            map: var("map"),
            found: var("found"),
            more: var("more"),
            group: var("group"),
            control: var("control"),
            place: var("place"),
            next: var("next"),
            left: var("left"),
            other: var("other"),
            others: var("others"),
            step: var("step"),
            round: body.hidden("round", Ty::I64, span),
            followed,
            places,
            parts,
            span,
        }
    }

    pub(super) fn get(&self, var: VarId) -> Expr {
        Expr { kind: ExprKind::Var(var), ty: Ty::U64, span: self.span }
    }

    fn int(&self, n: i64) -> Expr {
        int(n, self.span)
    }

    /// A field of the struct that a variable points to.
    fn field(&self, base: VarId, offset: u64, bytes: u8) -> Expr {
        user(plus(self.get(base), offset), bytes, false)
    }

    fn step(&self, var: VarId, op: Arith, by: Expr) -> Stmt {
        set(var, arith(op, self.get(var), by))
    }

    fn is(&self, var: VarId, op: Compare, n: i64) -> Expr {
        compare(op, self.get(var), self.int(n))
    }

    /// Leaves the walk, which is at its end.
    fn end(&self) -> Vec<Stmt> {
        vec![set(self.more, self.int(0)), Stmt::Break]
    }

    /// The groups of a small map, or of all tables of a directory.
    pub(super) fn groups(&self, layout: &Layout, most: i64) -> Vec<Stmt> {
        let Layout::Groups { used, dir, dir_len, index, groups, mask } = *layout else { return Vec::new() };
        let group = self.int(i64::from(self.places.group));
        // `other` is the number of the next table, `next` the next group of the table.
        let next_table = vec![
            when(
                compare(Compare::Ge { signed: false }, self.get(self.other), self.get(self.others)),
                self.end(),
            ),
            set(
                self.step,
                user(
                    arith(
                        Arith::Add,
                        self.field(self.map, dir, 8),
                        arith(Arith::Mul, self.get(self.other), self.int(8)),
                    ),
                    8,
                    false,
                ),
            ),
            self.step(self.other, Arith::Add, self.int(1)),
            // A table that has several entries of the directory counts at the first.
            when(
                compare(
                    Compare::Ne,
                    self.field(self.step, index, 8),
                    arith(Arith::Sub, self.get(self.other), self.int(1)),
                ),
                vec![Stmt::Continue],
            ),
            set(self.next, self.field(self.step, groups, 8)),
            set(self.left, arith(Arith::Add, self.field(self.step, mask, 8), self.int(1))),
        ];
        let mut next_group = vec![when(self.is(self.left, Compare::Eq, 0), next_table)];
        next_group.extend([
            set(self.group, self.get(self.next)),
            self.step(self.next, Arith::Add, group),
            self.step(self.left, Arith::Sub, self.int(1)),
            set(self.control, self.field(self.group, 0, 8)),
            when(
                compare(
                    Compare::Eq,
                    arith(Arith::And, self.get(self.control), self.int(EMPTY)),
                    self.int(EMPTY),
                ),
                vec![Stmt::Continue],
            ),
        ]);
        let full = |control: Expr| compare(Compare::Lt { signed: false }, control, self.int(LEAST_EMPTY));
        let mut walk = vec![
            set(self.other, self.int(0)),
            set(self.others, self.field(self.map, dir_len, 8)),
            // A small map is one group.
            set(self.next, self.field(self.map, dir, 8)),
            set(self.left, self.int(1)),
            when(self.is(self.others, Compare::Ne, 0), vec![set(self.left, self.int(0))]),
        ];
        walk.extend(self.rounds(next_group, full, most));
        vec![when(compare(Compare::Ne, self.field(self.map, used, 8), self.int(0)), walk)]
    }

    /// The buckets of a map: while it grows, the old ones too, of which what moved is marked.
    pub(super) fn buckets(&self, layout: &Layout, most: i64) -> Vec<Stmt> {
        let Layout::Buckets { count, flags, shift, buckets, old } = *layout else { return Vec::new() };
        let size = i64::from(self.places.group);
        // `other` is where the new buckets are while the old ones are walked, `next` the next bucket.
        let next_buckets = vec![
            when(self.is(self.other, Compare::Eq, 0), self.end()),
            set(self.next, self.get(self.other)),
            set(self.left, self.get(self.others)),
            set(self.other, self.int(0)),
        ];
        let next_bucket = vec![
            when(self.is(self.left, Compare::Eq, 0), next_buckets),
            set(self.group, self.get(self.next)),
            self.step(self.next, Arith::Add, self.int(size)),
            self.step(self.left, Arith::Sub, self.int(1)),
        ];
        let next = vec![
            // What a bucket has no room for is in another, whose address is at its end.
            when(
                self.is(self.group, Compare::Ne, 0),
                vec![set(self.group, fresh(plus(self.get(self.group), (size - 8).cast_unsigned())))],
            ),
            when(self.is(self.group, Compare::Eq, 0), next_bucket),
            // Buckets are made of zeros, which the system provides when they are written to.
            set(self.control, fresh(self.get(self.group))),
        ];
        let full = |top: Expr| compare(Compare::Ge { signed: false }, top, self.int(LEAST_TOP_HASH));
        let same_size = arith(Arith::And, self.field(self.map, flags, 1), self.int(SAME_SIZE));
        let halved = arith(Arith::Shr { signed: false }, self.get(self.others), self.int(1));
        let mut walk = vec![
            set(self.group, self.int(0)),
            set(self.step, arith(Arith::And, self.field(self.map, shift, 1), self.int(63))),
            set(self.others, arith(Arith::Shl, self.int(1), self.get(self.step))),
            set(self.other, self.field(self.map, buckets, 8)),
            set(self.next, self.field(self.map, old, 8)),
            set(self.left, self.int(0)),
            when(
                self.is(self.next, Compare::Ne, 0),
                vec![
                    set(self.left, halved),
                    when(
                        compare(Compare::Ne, same_size, self.int(0)),
                        vec![set(self.left, self.get(self.others))],
                    ),
                ],
            ),
        ];
        walk.extend(self.rounds(next, full, most));
        vec![when(compare(Compare::Ne, self.field(self.map, count, 8), self.int(0)), walk)]
    }

    /// Goes from place to place, and behind each eight on by `next`; `full` says whether the byte about a place is
    /// that of an entry.
    fn rounds(&self, mut next: Vec<Stmt>, full: impl Fn(Expr) -> Expr, most: i64) -> Vec<Stmt> {
        let Places { keys, key_stride, elems, elem_stride, key_is_pointer, elem_is_pointer, .. } =
            self.places;
        // The place is a number from 0, and the byte about it the lowest of `control`.
        let look = |place: Expr, control: Expr| {
            let at = |first: u32, stride: u32, is_pointer: bool| {
                let from_first = arith(Arith::Mul, place.clone(), self.int(i64::from(stride)));
                let place = arith(Arith::Add, plus(self.get(self.group), u64::from(first)), from_first);
                if is_pointer { user(place, 8, false) } else { place }
            };
            let mut same = vec![set(self.found, at(elems, elem_stride, elem_is_pointer))];
            same.extend(self.end());
            for part in self.parts.iter().rev() {
                same = vec![when(self.same(part), same)];
            }
            same.insert(0, set(self.step, at(keys, key_stride, key_is_pointer)));
            when(full(arith(Arith::And, control, self.int(0xff))), same)
        };
        let (rounds, body) = if self.followed {
            // Few rounds, each of eight places.
            next.extend((0..PLACES).map(|place| {
                let shift = self.int(8 * place);
                look(self.int(place), arith(Arith::Shr { signed: false }, self.get(self.control), shift))
            }));
            (most / PLACES, next)
        } else {
            // Small rounds, which the verifier follows once for each way that leads there.
            next.push(set(self.place, self.int(0)));
            let body = vec![
                when(self.is(self.place, Compare::Eq, PLACES), next),
                look(self.get(self.place), self.get(self.control)),
                self.step(self.control, Arith::Shr { signed: false }, self.int(8)),
                self.step(self.place, Arith::Add, self.int(1)),
            ];
            (most, body)
        };
        vec![
            set(self.more, self.int(1)),
            set(self.place, self.int(PLACES)),
            Stmt::ForRange { var: self.round, from: self.int(0), to: self.int(rounds), body },
        ]
    }

    /// Whether a part of the key at `step` is the wanted one.
    fn same(&self, part: &KeyPart) -> Expr {
        let place = plus(self.get(self.step), part.offset);
        let wanted = part.wanted.clone();
        if let Some((bytes, signed)) = part.number {
            return compare(Compare::Eq, user(place, bytes, signed), wanted);
        }
        let len = || Box::new(user(plus(place.clone(), 8), 8, false));
        let (ty, wanted_len) = match &wanted.kind {
            ExprKind::Str(text) => (Ty::string(text.len() as u32), self.int(text.len() as i64)),
            _ => {
                let kind = ExprKind::StrLen(Box::new(wanted.clone()));
                (wanted.ty.clone(), Expr { kind, ty: Ty::U64, span: self.span })
            }
        };
        let same_len = compare(Compare::Eq, *len(), wanted_len);
        let data = Box::new(user(place.clone(), 8, false));
        let text = Expr { kind: ExprKind::GoStr { data, len: len() }, ty, span: self.span };
        let same = ExprKind::SameBytes(Box::new(text), Box::new(wanted), false);
        let same = Expr { kind: same, ty: Ty::BOOL, span: self.span };
        let both = ExprKind::And(Box::new(same_len), Box::new(same));
        Expr { kind: both, ty: Ty::BOOL, span: self.span }
    }
}

pub(super) fn int(n: i64, span: Span) -> Expr {
    Expr { kind: ExprKind::Int(n), ty: Ty::U64, span }
}

pub(super) fn set(var: VarId, value: Expr) -> Stmt {
    Stmt::SetVar(var, value)
}

pub(super) fn when(cond: Expr, then: Vec<Stmt>) -> Stmt {
    Stmt::If { cond, then, otherwise: Vec::new() }
}

fn user(addr: Expr, bytes: u8, signed: bool) -> Expr {
    let span = addr.span;
    Expr {
        kind: ExprKind::ReadUser { addr: Box::new(addr), bytes, signed },
        ty: Ty::int(bytes, signed),
        span,
    }
}

fn fresh(addr: Expr) -> Expr {
    let span = addr.span;
    Expr { kind: ExprKind::ReadFresh(Box::new(addr)), ty: Ty::U64, span }
}

fn arith(op: Arith, a: Expr, b: Expr) -> Expr {
    let span = a.span;
    Expr { kind: ExprKind::Arith(op, Box::new(a), Box::new(b)), ty: Ty::U64, span }
}

pub(super) fn compare(op: Compare, a: Expr, b: Expr) -> Expr {
    let span = a.span;
    Expr { kind: ExprKind::Compare(op, Box::new(a), Box::new(b)), ty: Ty::BOOL, span }
}
