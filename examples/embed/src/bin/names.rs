//! Names of one's own for addresses: `names PID`.

use gprobe::{Event, Session, Symbolise, Value};

/// Knows code that no file describes: what a compiler has made at run time, say.
struct Jit {
    asked: u32,
}

impl Symbolise for Jit {
    fn symbol(&mut self, _pid: u32, addr: u64) -> Option<(String, u64)> {
        self.asked += 1;
        // What it does not know, gprobe names.
        (addr % 0x1000 == 0x123).then(|| ("jit.code".to_owned(), 0x23))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pid = std::env::args().nth(1).ok_or("which process?")?.parse()?;
    let mut session = Session::builder().pid(pid).symboliser(Jit { asked: 0 }).build()?;
    // What is to be done at once needs no attaching.
    for event in session.run("begin { print(usym(0x7000123)); }")? {
        if let Event::Value { value: Value::Symbol { text, addr }, .. } = event {
            println!("{addr:#x} is {text}");
        }
    }
    Ok(())
}
