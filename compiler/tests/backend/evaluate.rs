//! The reference interpreter's helpers and checks.

use gprobe_compiler::ir::{self, Environment, EvalError, Unit};

fn unit(text: &str) -> Unit {
    let unit = ir::read(text).unwrap();
    ir::verify(&unit).unwrap();
    unit
}

fn run(text: &str) -> (Result<u64, EvalError>, Environment) {
    let unit = unit(text);
    let mut environment = Environment::new(&unit);
    environment.memory.push((0x1000, b"hello\0world".to_vec()));
    let result = ir::eval(&unit, 0, &mut environment);
    (result, environment)
}

#[test]
fn maps_count_by_key() {
    let text = r#"
map counts: hash, key 8, value 8, entries 2
program p: uprobe {
  slot s0: 8 "key"
  slot s1: 8 "value"
b0:
  v0 = context
  v1 = load.8 [v0+80]
  v2 = slot s0+0
  store.8 [v2], v1
  v3 = map counts
  v4 = call map_lookup_elem(v3, v2)
  br v4 == 0, b1, b2
b1:
  v5 = slot s1+0
  store.8 [v5], 1
  v6 = call map_update_elem(v3, v2, v5, 1)
  ret v6
b2:
  v7 = copy 1
  atomic_add [v4], v7
  ret 0
}"#;
    let unit = unit(text);
    let mut environment = Environment::new(&unit);
    for (key, expected) in [(7u8, 0), (7, 0), (9, 0), (7, 0), (11, -7i64)] {
        environment.context[80] = key;
        assert_eq!(ir::eval(&unit, 0, &mut environment), Ok(expected.cast_unsigned()));
    }
    let word = |number: u64| number.to_le_bytes().to_vec();
    assert_eq!(
        environment.maps[0].clone().into_iter().collect::<Vec<_>>(),
        [(word(7), word(3)), (word(9), word(1))]
    );
}

#[test]
fn strings_are_read_to_their_end_and_faults_give_zeros() {
    let text = |address: u32| {
        format!(
            "map ring: ringbuf, key 0, value 0, entries 4096\nprogram p: uprobe {{\nslot s0: 16 \"s\"\nb0:\n\
             v0 = slot s0+0\nstore.8 [v0], -1\nstore.8 [v0+8], -1\n\
             v1 = call probe_read_user_str(v0, 16, {address})\nv2 = map ring\n\
             v3 = call ringbuf_output(v2, v0, 16, 0)\nret v1\n}}"
        )
    };
    let (result, environment) = run(&text(0x1000));
    assert_eq!(result, Ok(6));
    assert_eq!(environment.records, [b"hello\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec()]);
    let (result, environment) = run(&text(0x1006));
    assert_eq!(result, Ok((-14i64).cast_unsigned()));
    assert_eq!(environment.records, [vec![0; 16]]);
}

#[test]
fn a_full_ring_refuses_records() {
    let text = "map ring: ringbuf, key 0, value 0, entries 64\nprogram p: uprobe {\nslot s0: 24 \"r\"\nb0:\n\
                v0 = slot s0+0\nstore.8 [v0], 1\nstore.8 [v0+8], 2\nstore.8 [v0+16], 3\nv1 = map ring\n\
                v2 = call ringbuf_output(v1, v0, 24, 0)\nv3 = call ringbuf_output(v1, v0, 24, 0)\n\
                v4 = call ringbuf_output(v1, v0, 24, 0)\nret v4\n}";
    let (result, environment) = run(text);
    assert_eq!(result, Ok((-11i64).cast_unsigned()));
    assert_eq!(environment.records.len(), 2);
}

#[test]
fn what_the_kernel_would_refuse_is_an_error() {
    let error = |body: &str| {
        let text = format!("program p: uprobe {{\nslot s0: 8 \"x\"\nb0:\n{body}\n}}");
        run(&text).0.unwrap_err().to_string()
    };
    assert_eq!(
        error("v0 = slot s0+0\nv1 = load.4 [v0+4]\nret v1"),
        "program `p`, b0, `v1 = load.4 [v0+4]`: reads 4 bytes of slot s0 at 4 that were never written"
    );
    assert!(error("v0 = slot s0+0\nstore.8 [v0+4], 1\nret 0").contains("not in its memory"));
    assert!(error("v0 = context\nstore.8 [v0], 1\nret 0").contains("read-only"));
    assert!(error("v0 = copy 5\nv1 = load.8 [v0]\nret v1").contains("not in its memory"));
    assert!(error("jump b1\nb1:\njump b1").contains("too many steps"));
}
