//! A reader of the kernel's own type information, as far as it is needed: the offset of a struct's
//! member. The format is that of `Documentation/bpf/btf.rst`.

/// Where the kernel shows its BTF.
pub const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

const MAGIC: u16 = 0xeb9f;
const INT: u32 = 1;
const ARRAY: u32 = 3;
const STRUCT: u32 = 4;
const UNION: u32 = 5;
const ENUM: u32 = 6;
const FUNC_PROTO: u32 = 13;
const VAR: u32 = 14;
const DATASEC: u32 = 15;
const DECL_TAG: u32 = 17;
const ENUM64: u32 = 19;

/// How deep structs without a name may lie in each other.
const MOST_NESTED: usize = 4;

/// A type, and where its members are.
struct Type {
    name: u32,
    kind: u32,
    at: usize,
    count: usize,
    packed: bool,
}

/// BTF of one kernel.
pub struct Btf<'a> {
    types: &'a [u8],
    strings: &'a [u8],
}

impl<'a> Btf<'a> {
    /// Reads the header; `None` where these bytes are no BTF.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        if u16::from_le_bytes(bytes.get(..2)?.try_into().ok()?) != MAGIC {
            return None;
        }
        let header = |at: usize| Some(word(bytes, at)? as usize);
        let body = bytes.get(header(4)?..)?;
        let part = |offset: usize, len: usize| body.get(offset..offset.checked_add(len)?);
        Some(Self { types: part(header(8)?, header(12)?)?, strings: part(header(16)?, header(20)?)? })
    }

    /// Bytes from the start of `struct_name` to its member, or to that of a struct without a name in it; bit
    /// fields count as absent.
    pub fn member_offset(&self, struct_name: &str, member: &str) -> Option<u32> {
        let found = self.all().find(|ty| ty.kind == STRUCT && self.is(ty.name, struct_name))?;
        self.member(&found, member, MOST_NESTED)
    }

    /// All types, in the order of their ids, which count from 1.
    fn all(&self) -> impl Iterator<Item = Type> + '_ {
        let mut at = 0;
        std::iter::from_fn(move || {
            let (name, info) = (word(self.types, at)?, word(self.types, at + 4)?);
            let (kind, count) = ((info >> 24) & 0x1f, (info & 0xffff) as usize);
            let ty = Type { name, kind, at: at + 12, count, packed: info >> 31 == 1 };
            at = ty.at
                + match kind {
                    INT | VAR | DECL_TAG => 4,
                    ARRAY => 12,
                    STRUCT | UNION | DATASEC | ENUM64 => count * 12,
                    ENUM | FUNC_PROTO => count * 8,
                    _ => 0,
                };
            Some(ty)
        })
    }

    fn member(&self, of: &Type, member: &str, nested: usize) -> Option<u32> {
        for index in 0..of.count {
            let at = of.at + index * 12;
            let (name, ty, offset) =
                (word(self.types, at)?, word(self.types, at + 4)?, word(self.types, at + 8)?);
            // With the flag, the high byte is a bit field's width.
            let bits = if of.packed { offset & 0xff_ffff } else { offset };
            if self.is(name, member) {
                let whole = bits % 8 == 0 && !(of.packed && offset >> 24 != 0);
                return whole.then_some(bits / 8);
            }
            if self.is(name, "") && nested > 0 {
                let inner = self.all().nth((ty as usize).checked_sub(1)?)?;
                let inside =
                    matches!(inner.kind, STRUCT | UNION).then(|| self.member(&inner, member, nested - 1));
                if let Some(inside) = inside.flatten() {
                    return inside.checked_add(bits / 8);
                }
            }
        }
        None
    }

    fn is(&self, name: u32, wanted: &str) -> bool {
        let end = (name as usize).saturating_add(wanted.len());
        self.strings.get(name as usize..end) == Some(wanted.as_bytes()) && self.strings.get(end) == Some(&0)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let strings = b"\0other\0s\0a\0b\0c\0outer\0";
        let mut types: Vec<u32> = Vec::new();
        types.extend([1, (STRUCT << 24) | 1, 8, 9, 0, 0]); // struct other { a }
        types.extend([0, INT << 24, 4, 32]); // an int
        types.extend([7, (STRUCT << 24) | 2, 16, 9, 0, 0, 11, 0, 64]); // struct s { a; b at 8 }
        types.extend([0, (STRUCT << 24) | 2, 16, 9, 0, 0, 13, 0, 64]); // struct { a; c at 8 }
        types.extend([15, (STRUCT << 24) | 1, 24, 0, 4, 64]); // struct outer { that at 8 }
        let types: Vec<u8> = types.into_iter().flat_map(u32::to_le_bytes).collect();
        let mut bytes = vec![0x9f, 0xeb, 1, 0];
        for n in [24, 0, types.len() as u32, types.len() as u32, strings.len() as u32] {
            bytes.extend(n.to_le_bytes());
        }
        bytes.extend(types);
        bytes.extend(strings);
        bytes
    }

    #[test]
    fn a_member_is_found_in_its_struct() {
        let bytes = sample();
        let btf = Btf::parse(&bytes).unwrap();
        assert_eq!(btf.member_offset("s", "b"), Some(8));
        assert_eq!(btf.member_offset("s", "c"), None);
        assert_eq!(btf.member_offset("other", "b"), None);
        assert_eq!(btf.member_offset("outer", "c"), Some(16));
    }

    #[test]
    fn cut_off_bytes_are_no_panic() {
        let bytes = sample();
        for end in 0..bytes.len() {
            if let Some(btf) = Btf::parse(&bytes[..end]) {
                let _ = btf.member_offset("s", "b");
            }
        }
    }
}
