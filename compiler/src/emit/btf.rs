//! BTF that describes the maps: how libbpf and aya learn their types and sizes.
//!
//! A map is a variable in the section `.maps`, of a struct whose members carry numbers in their
//! types: `int (*max_entries)[1024]`.

use crate::ir::MapDef;

/// `enum btf_kind` of `linux/btf.h`.
mod kind {
    pub(super) const INT: u32 = 1;
    pub(super) const PTR: u32 = 2;
    pub(super) const ARRAY: u32 = 3;
    pub(super) const STRUCT: u32 = 4;
    pub(super) const VAR: u32 = 14;
    pub(super) const DATASEC: u32 = 15;
}

/// Bytes of each member of a map's definition: a pointer.
const MEMBER_BYTES: u32 = 8;
const HEADER_BYTES: u32 = 24;

/// A map's definition in the section `.maps`.
pub(super) struct Definition<'a> {
    pub(super) map: &'a MapDef,
    /// Its members with their numbers.
    members: Vec<(&'static str, u32)>,
}

impl<'a> Definition<'a> {
    pub(super) fn new(map: &'a MapDef) -> Self {
        let mut members = vec![("type", map.kind as u32), ("max_entries", map.max_entries)];
        // A ring buffer has neither.
        for (name, value) in [("key_size", map.key_size), ("value_size", map.value_size)] {
            if value != 0 {
                members.push((name, value));
            }
        }
        if map.flags != 0 {
            members.push(("map_flags", map.flags));
        }
        Self { map, members }
    }

    /// Bytes that it takes in the section.
    pub(super) fn bytes(&self) -> u32 {
        self.members.len() as u32 * MEMBER_BYTES
    }
}

/// The section `.BTF`.
pub(super) fn write(definitions: &[Definition<'_>]) -> Vec<u8> {
    let mut btf = Btf::default();
    let int = btf.int("int", 4, true);
    let index = btf.int("__ARRAY_SIZE_TYPE__", 4, false);
    let mut variables = Vec::new();
    for definition in definitions {
        let mut members = Vec::new();
        for (name, value) in &definition.members {
            let array = btf.array(int, index, *value);
            members.push((*name, btf.pointer(array)));
        }
        let strukt = btf.strukt(&members);
        variables.push((btf.variable(&definition.map.name, strukt), definition.bytes()));
    }
    if !variables.is_empty() {
        btf.section(".maps", &variables);
    }
    btf.finish()
}

#[derive(Default)]
struct Btf {
    types: Vec<u8>,
    /// Without the empty string that comes first.
    strings: Vec<u8>,
    count: u32,
}

impl Btf {
    fn word(&mut self, word: u32) {
        self.types.extend(word.to_le_bytes());
    }

    fn string(&mut self, text: &str) -> u32 {
        let at = self.strings.len() as u32 + 1;
        self.strings.extend(text.as_bytes());
        self.strings.push(0);
        at
    }

    /// Starts a type; gives its id.
    fn start(&mut self, name: &str, kind: u32, len: u32, size_or_type: u32) -> u32 {
        let name = if name.is_empty() { 0 } else { self.string(name) };
        self.word(name);
        self.word(kind << 24 | len);
        self.word(size_or_type);
        self.count += 1;
        self.count
    }

    fn int(&mut self, name: &str, bytes: u32, signed: bool) -> u32 {
        let id = self.start(name, kind::INT, 0, bytes);
        self.word((u32::from(signed) << 24) | (bytes * 8));
        id
    }

    fn array(&mut self, element: u32, index: u32, count: u32) -> u32 {
        let id = self.start("", kind::ARRAY, 0, 0);
        self.word(element);
        self.word(index);
        self.word(count);
        id
    }

    fn pointer(&mut self, to: u32) -> u32 {
        self.start("", kind::PTR, 0, to)
    }

    fn strukt(&mut self, members: &[(&str, u32)]) -> u32 {
        let count = members.len() as u32;
        let id = self.start("", kind::STRUCT, count, count * MEMBER_BYTES);
        for (at, (name, ty)) in (0u32..).zip(members) {
            let name = self.string(name);
            self.word(name);
            self.word(*ty);
            self.word(at * MEMBER_BYTES * 8);
        }
        id
    }

    fn variable(&mut self, name: &str, ty: u32) -> u32 {
        let id = self.start(name, kind::VAR, 0, ty);
        // Global.
        self.word(1);
        id
    }

    /// A section with variables, each with its bytes.
    fn section(&mut self, name: &str, variables: &[(u32, u32)]) {
        let total = variables.iter().map(|(_, bytes)| bytes).sum();
        self.start(name, kind::DATASEC, variables.len() as u32, total);
        let mut offset = 0;
        for (variable, bytes) in variables {
            self.word(*variable);
            self.word(offset);
            self.word(*bytes);
            offset += bytes;
        }
    }

    fn finish(self) -> Vec<u8> {
        let strings = self.strings.len() as u32 + 1;
        let types = self.types.len() as u32;
        let mut out = Vec::new();
        // Magic, version, flags.
        out.extend([0x9f, 0xeb, 1, 0]);
        for word in [HEADER_BYTES, 0, types, types, strings] {
            out.extend(word.to_le_bytes());
        }
        out.extend(self.types);
        out.push(0);
        out.extend(self.strings);
        out
    }
}
