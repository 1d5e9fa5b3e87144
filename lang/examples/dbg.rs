//! x
fn main() {
    let t = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let p = gprobe_lang::parse(gprobe_lang::source::SourceId(0), &t);
    println!("{:#?}", p.diagnostics);
    println!("{} items", p.script.items.len());
    for i in &p.script.items {
        let s = format!("{i:?}");
        println!("{}", &s[..s.len().min(100)]);
    }
}
