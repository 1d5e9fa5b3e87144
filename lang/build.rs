//! Builds the grammar into `OUT_DIR`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    println!("cargo::rerun-if-changed=src/grammar.lalrpop");
    lalrpop::Configuration::new().set_in_dir("src").set_out_dir(out).process()
}
