//! Reads the text form of the IR; see `print.rs` for how it looks. `#` starts a comment.

use super::print::{PROGRAM_KINDS, kind_name};
use super::{AtomicOp, BinOp, Block, BlockId, Cond, Helper, Inst, MapDef, MapId, MapKind, Operand};
use super::{Program, Role, Size, Slot, SlotId, SlotPlace, Terminator, Unit, VReg};

/// The text is no IR.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}: `{text}`")]
pub struct ReadError {
    /// Counted from 1.
    pub line: usize,
    /// What was expected.
    pub message: String,
    /// The line.
    pub text: String,
}

/// Reads a unit. Blocks must be numbered in order; nothing else is checked, which
/// [`verify`](super::verify) does.
///
/// # Errors
/// Where the text has another form than what [`print`](super::print) writes.
pub fn read(text: &str) -> Result<Unit, ReadError> {
    let mut unit = Unit::default();
    let mut open: Option<Open> = None;
    for (number, raw) in text.lines().enumerate() {
        let line = raw.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let mut words = Words { rest: line };
        read_line(&mut unit, &mut open, &mut words)
            .and_then(|()| words.end())
            .map_err(|message| ReadError { line: number + 1, message, text: raw.trim().to_owned() })?;
    }
    match open {
        Some(_) => Err(ReadError {
            line: text.lines().count(),
            message: "expected `}` at the end of the program".to_owned(),
            text: String::new(),
        }),
        None => Ok(unit),
    }
}

/// A program that is being read.
struct Open {
    program: Program,
    /// Instructions of the last block, until its terminator comes.
    insts: Option<Vec<Inst>>,
}

type Read<T> = Result<T, String>;

fn read_line(unit: &mut Unit, open: &mut Option<Open>, words: &mut Words<'_>) -> Read<()> {
    let Some(current) = open else {
        if words.accept("map") {
            unit.maps.push(read_map(words)?);
            return Ok(());
        }
        words.expect("program")?;
        let symbol = words.name()?.to_owned();
        words.expect(":")?;
        let word = words.name()?;
        let kind = PROGRAM_KINDS
            .into_iter()
            .find(|kind| kind_name(*kind) == word)
            .ok_or("expected uprobe, tracepoint, perf_event or test_run")?;
        let role = if words.accept("callback") { Role::Callback } else { Role::Main };
        words.expect("{")?;
        let program = Program { symbol, role, kind, blocks: Vec::new(), vregs: 0, slots: Vec::new() };
        *open = Some(Open { program, insts: None });
        return Ok(());
    };
    let program = &mut current.program;
    match &mut current.insts {
        None if words.accept("}") => {
            unit.programs.extend(open.take().map(|open| open.program));
            Ok(())
        }
        None if words.accept("slot") => {
            words.numbered("s", program.slots.len())?;
            words.expect(":")?;
            let size = words.number()?;
            let name = words.quoted()?;
            let place = if words.accept("stack") {
                SlotPlace::Stack
            } else if words.accept("scratch") {
                SlotPlace::Scratch
            } else {
                SlotPlace::Any
            };
            program.slots.push(Slot { size, place, name });
            Ok(())
        }
        None => {
            words.numbered("b", program.blocks.len())?;
            words.expect(":")?;
            current.insts = Some(Vec::new());
            Ok(())
        }
        Some(insts) => {
            if let Some(end) = read_terminator(words)? {
                end.for_each_read(|reg| program.vregs = program.vregs.max(reg.0 + 1));
                let insts = current.insts.take().unwrap_or_default();
                program.blocks.push(Block { insts, end });
            } else {
                let inst = read_inst(&unit.maps, words)?;
                let mut count = program.vregs;
                inst.for_each_read(|reg| count = count.max(reg.0 + 1));
                inst.assigned().into_iter().for_each(|reg| count = count.max(reg.0 + 1));
                program.vregs = count;
                insts.push(inst);
            }
            Ok(())
        }
    }
}

fn read_map(words: &mut Words<'_>) -> Read<MapDef> {
    let name = words.name()?.to_owned();
    words.expect(":")?;
    let word = words.name()?;
    let kind = MapKind::ALL.into_iter().find(|kind| kind.name() == word).ok_or("expected a kind of map")?;
    let mut field = |name: &str| -> Read<u32> {
        words.expect(",")?;
        words.expect(name)?;
        words.number()
    };
    let (key_size, value_size, max_entries) = (field("key")?, field("value")?, field("entries")?);
    let flags = if words.rest.is_empty() {
        0
    } else {
        words.expect(",")?;
        words.expect("flags")?;
        words.number()?
    };
    Ok(MapDef { name, kind, key_size, value_size, max_entries, flags })
}

fn read_terminator(words: &mut Words<'_>) -> Read<Option<Terminator>> {
    if words.accept("jump") {
        return Ok(Some(Terminator::Jump(words.block()?)));
    }
    if words.accept("may_goto") {
        let next = words.block()?;
        words.expect(",")?;
        return Ok(Some(Terminator::MayGoto { next, out: words.block()? }));
    }
    if words.accept("ret") {
        return Ok(Some(Terminator::Return(words.operand()?)));
    }
    if !words.accept("br") {
        return Ok(None);
    }
    let a = words.operand()?;
    // The longest name that fits, as `<` also starts `<=`.
    let cond = Cond::ALL
        .into_iter()
        .filter(|cond| words.rest.starts_with(cond.name()))
        .max_by_key(|cond| cond.name().len())
        .ok_or("expected a comparison")?;
    words.expect(cond.name())?;
    let b = words.operand()?;
    words.expect(",")?;
    let then = words.block()?;
    words.expect(",")?;
    Ok(Some(Terminator::Branch { cond, a, b, then, otherwise: words.block()? }))
}

fn read_inst(maps: &[MapDef], words: &mut Words<'_>) -> Read<Inst> {
    if words.accept("call") {
        return read_call(None, words);
    }
    for (word, op) in [("atomic_add", AtomicOp::Add), ("atomic_xchg", AtomicOp::Exchange)] {
        if words.accept(word) {
            let (base, offset) = words.place()?;
            words.expect(",")?;
            return Ok(Inst::Atomic { op, base, offset, src: words.reg()? });
        }
    }
    if words.accept("store") {
        let size = words.size()?;
        let (base, offset) = words.place()?;
        words.expect(",")?;
        return Ok(Inst::Store { base, offset, src: words.operand()?, size });
    }
    let dst = words.reg()?;
    words.expect("=")?;
    match words.name()? {
        "copy" => Ok(Inst::Copy { dst, src: words.operand()? }),
        "context" => Ok(Inst::Context { dst }),
        "argument" => {
            let index = words.number()?;
            u8::try_from(index)
                .ok()
                .filter(|index| (1..=5).contains(index))
                .map(|index| Inst::Argument { dst, index })
                .ok_or_else(|| "expected an argument from 1 to 5".to_owned())
        }
        "func" => Ok(Inst::FuncRef { dst, program: words.number()? }),
        word @ ("sext" | "zext") => {
            let size = words.size()?;
            Ok(Inst::Extend { dst, src: words.operand()?, size, signed: word == "sext" })
        }
        "load" => {
            let size = words.size()?;
            let (base, offset) = words.place()?;
            Ok(Inst::Load { dst, base, offset, size })
        }
        "slot" => {
            let slot = SlotId(words.id("s")?);
            words.expect("+")?;
            Ok(Inst::SlotAddr { dst, slot, offset: words.number()? })
        }
        "map" => {
            let name = words.name()?;
            let at = maps.iter().position(|map| map.name == name).ok_or("no map of this name")?;
            Ok(Inst::MapRef { dst, map: MapId(u32::try_from(at).map_err(|_| "too many maps")?) })
        }
        "call" => read_call(Some(dst), words),
        word => {
            let op = BinOp::ALL.into_iter().find(|op| op.name() == word).ok_or("expected an operation")?;
            let a = words.operand()?;
            words.expect(",")?;
            Ok(Inst::Bin { op, dst, a, b: words.operand()? })
        }
    }
}

fn read_call(dst: Option<VReg>, words: &mut Words<'_>) -> Read<Inst> {
    let word = words.name()?;
    let helper = Helper::ALL.into_iter().find(|helper| helper.name() == word).ok_or("expected a helper")?;
    words.expect("(")?;
    let mut args = Vec::new();
    while !words.accept(")") {
        if !args.is_empty() {
            words.expect(",")?;
        }
        args.push(words.operand()?);
    }
    Ok(Inst::Call { dst, helper, args })
}

/// What is left of a line, without blanks in front.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn accept(&mut self, word: &str) -> bool {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        match self.rest.strip_prefix(word) {
            // `jump` is not the start of `jumped`.
            Some(rest) if !(word.ends_with(is_name) && rest.starts_with(is_name)) => {
                self.rest = rest.trim_start();
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, word: &str) -> Read<()> {
        if self.accept(word) { Ok(()) } else { Err(format!("expected `{word}` at `{}`", self.rest)) }
    }

    fn end(&self) -> Read<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(format!("expected the line's end at `{}`", self.rest)) }
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    fn name(&mut self) -> Read<&'a str> {
        let word = self.take(|c| c.is_alphanumeric() || c == '_');
        if word.is_empty() { Err(format!("expected a name at `{}`", self.rest)) } else { Ok(word) }
    }

    fn quoted(&mut self) -> Read<String> {
        let inner = self.rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let (text, rest) = inner.ok_or("expected a name in quotes")?;
        self.rest = rest.trim_start();
        Ok(text.to_owned())
    }

    fn integer(&mut self) -> Read<i128> {
        let negative = self.rest.starts_with('-');
        if negative || self.rest.starts_with('+') {
            self.rest = self.rest.get(1..).unwrap_or_default().trim_start();
        }
        let word = self.take(|c| c.is_ascii_alphanumeric());
        let magnitude = match word.strip_prefix("0x") {
            Some(hex) => i128::from_str_radix(hex, 16),
            None => word.parse(),
        };
        let magnitude = magnitude.map_err(|_| format!("expected a number at `{word}{}`", self.rest))?;
        Ok(if negative { -magnitude } else { magnitude })
    }

    fn number(&mut self) -> Read<u32> {
        u32::try_from(self.integer()?).map_err(|_| "the number is not within 32 bits".to_owned())
    }

    fn id(&mut self, prefix: &str) -> Read<u32> {
        let word = self.name()?;
        word.strip_prefix(prefix)
            .and_then(|digits| digits.parse().ok())
            // Room to count them all.
            .filter(|id| *id < 1 << 24)
            .ok_or_else(|| format!("expected `{prefix}` and a number at `{word}`"))
    }

    fn numbered(&mut self, prefix: &str, next: usize) -> Read<()> {
        let id = self.id(prefix)?;
        if id as usize == next { Ok(()) } else { Err(format!("expected `{prefix}{next}`: they count up")) }
    }

    fn reg(&mut self) -> Read<VReg> {
        self.id("v").map(VReg)
    }

    fn block(&mut self) -> Read<BlockId> {
        self.id("b").map(BlockId)
    }

    fn size(&mut self) -> Read<Size> {
        self.expect(".")?;
        Size::of(u64::from(self.number()?)).ok_or_else(|| "expected 1, 2, 4 or 8 bytes".to_owned())
    }

    fn operand(&mut self) -> Read<Operand> {
        if self.rest.starts_with('v') {
            return self.reg().map(Operand::Reg);
        }
        let value = self.integer()?;
        // Written signed or unsigned, it is the same 64 bits.
        i64::try_from(value)
            .or_else(|_| u64::try_from(value).map(u64::cast_signed))
            .map(Operand::Imm)
            .map_err(|_| "the number is not within 64 bits".to_owned())
    }

    fn place(&mut self) -> Read<(VReg, i16)> {
        self.expect("[")?;
        let base = self.reg()?;
        let offset = if self.accept("]") {
            return Ok((base, 0));
        } else {
            i16::try_from(self.integer()?).map_err(|_| "the offset is not within 16 bits")?
        };
        self.expect("]")?;
        Ok((base, offset))
    }
}

#[cfg(test)]
mod tests {
    use super::super::print;
    use super::read;

    const TEXT: &str = r#"map counts: hash, key 8, value 8, entries 1024
map ring: ringbuf, key 0, value 0, entries 4096, flags 0x1

program probe_0: uprobe {
  slot s0: 16 "the key"
  slot s1: 16 "frame" stack
  slot s2: 8 "shared" scratch
b0:
  v0 = context
  v1 = load.8 [v0+80]
  v2 = slot s0+8
  store.4 [v2-8], -5
  v3 = map counts
  v4 = call map_lookup_elem(v3, v2)
  call ktime_get_ns()
  br v4 s<= -1, b1, b2
b1:
  v5 = sext.2 v1
  v5 = zext.4 v5
  v5 = sar v5, 3
  atomic_add [v4+0], v5
  atomic_xchg [v4+8], v5
  v6 = func 1
  may_goto b2, b2
b2:
  ret v1
}

program probe_0_each: uprobe callback {
b0:
  v0 = argument 4
  ret v0
}
"#;

    #[test]
    fn print_and_read_are_each_other_s_reverse() {
        let unit = read(TEXT).expect("it is well-formed");
        assert_eq!(print(&unit), TEXT);
    }

    #[test]
    fn errors_name_the_line_and_what_was_expected() {
        let error = read("program p: uprobe {\nb0:\n  v1 = frob v2, 3\n").expect_err("no such operation");
        assert_eq!(error.to_string(), "line 3: expected an operation: `v1 = frob v2, 3`");
        let error = read("program p: uprobe {\nb0:\n  ret 0\n").expect_err("no end");
        assert_eq!(error.line, 3);
        let error = read("program p: uprobe {\nb1:\n").expect_err("blocks count up");
        assert_eq!(error.message, "expected `b0`: they count up");
    }

    #[test]
    fn unsigned_constants_are_the_same_64_bits() {
        let unit = read("program p: uprobe {\nb0:\n  ret 0xffffffffffffffff\n}").expect("well-formed");
        assert!(print(&unit).contains("ret -1"));
    }
}
