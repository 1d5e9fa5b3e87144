//! End-to-end tests: gprobe on real Go programs that know the truth, on a live kernel.
//!
//! They need root and a kernel that runs BPF; where there is none they fail and say why.

mod arithmetic;
mod cgo;
mod command;
mod cost;
mod counts;
mod crowd;
mod culprits_cgo;
mod culprits_service;
mod culprits_sync;
mod errors;
mod fallback;
mod generics;
mod goids;
mod gostack;
mod inlines;
mod kernel;
mod kit;
mod language;
mod libraries;
mod lines;
mod locks;
mod lookups;
mod matrix;
mod moments;
mod namespaces;
mod objects;
mod older;
mod processes;
mod programs;
mod prompt;
mod providers;
mod repl;
mod repl_guide;
mod repl_terminal;
mod safety;
mod scripts;
mod session;
mod tables;
mod tutorial;
mod values;
mod verifier;
