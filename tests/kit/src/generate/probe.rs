//! Probes, and what each kind of them offers.

use super::kind::Kind;
use super::{Generator, Offers, go};

impl Generator<'_> {
    pub(super) fn probe(&mut self) -> String {
        let (point, offers) = self.point();
        self.offers = offers;
        self.vars.clear();
        self.loops = 0;
        let predicate = if self.source.chance(3) {
            self.left = 10;
            format!(" /{}/", self.expr(&Kind::Bool))
        } else {
            String::new()
        };
        self.left = 10 + self.source.below(110);
        let count = 1 + self.source.below(8);
        let body = self.block(count);
        format!("{point}{predicate} {body}\n")
    }

    /// An attach point.
    fn point(&mut self) -> (String, Offers) {
        if self.go && self.source.chance(2) {
            return go::point(self.source);
        }
        let mut offers = Offers::default();
        let int = |text: &str| (text.to_owned(), Kind::Int);
        let text = match self.source.below(8) {
            0 => "begin",
            1 => "end",
            2 => *self.source.one_of(&["interval:1s", "interval:hz:5"]),
            3 => *self.source.one_of(&["profile:hz:99", "profile:10ms"]),
            4 | 5 => {
                offers.values = vec![
                    int("args.prev_pid"),
                    int("args.next_prio"),
                    int("args.prev_state"),
                    ("args.prev_comm".to_owned(), Kind::Str),
                    ("args.next_comm".to_owned(), Kind::Str),
                ];
                "tracepoint:sched:sched_switch"
            }
            6 => {
                offers.values = vec![int("arg0"), int("arg5"), int("reg(\"sp\")")];
                offers.values.push(("caller()".to_owned(), Kind::Symbol("caller")));
                offers.values.push(("func".to_owned(), Kind::Symbol("func")));
                "uprobe:libc:malloc"
            }
            _ => {
                offers.values = vec![int("retval")];
                "uretprobe:libc:malloc"
            }
        };
        offers.stack = !matches!(text.as_bytes().first(), Some(b'b' | b'e' | b'i'));
        if self.go && offers.stack {
            go::runtime(&mut offers);
        }
        (text.to_owned(), offers)
    }
}
