//! What each hit of a probe runs before what the script says: it is counted, and may be left out of a sample.
//!
//! A script whose hits know nothing of each other is sampled hit by hit. Where one looks at what another has noted, as
//! the return of a function does at its entry, a sample of hits would have the one and not the other: then goroutines
//! are drawn, for the whole run, and all hits of one are in the sample or none. To draw them anew from time to time
//! would break all pairs that are apart for longer than that, which are the ones that are looked for.

use super::builder::Builder;
use super::goroutine::Running;
use crate::artifact::{Attach, HITS, Hits, Sampled, SampledBy};
use crate::ir::{BinOp, BlockId, Cond, Helper, MapDef, MapKind, Operand, Size, VReg};
use crate::resolve::typed::{self, Probe};
use crate::target::{Counting, KernelFacts, Options};

/// Odd numbers with bits all over, which a multiplication spreads over a word: those of `murmur3`'s last step.
const MIX: [u64; 2] = [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53];

/// Where each probe's hits are counted.
pub(crate) fn hits(program: &typed::Program, kernel: &KernelFacts, options: &Options) -> Vec<Option<Hits>> {
    let mut next = 0;
    let mut hits = |probe: &Probe| {
        if options.counting == Counting::Nothing || !probe.attach.is_event() {
            return None;
        }
        let hits = Hits { first: next, by_cost: kernel.attach_cookie && is_mixed(&probe.attach) };
        next += hits.count();
        Some(hits)
    };
    program.probes.iter().map(&mut hits).collect()
}

/// Whether hits cost more at some of its sites than at others.
fn is_mixed(attach: &Attach) -> bool {
    let Attach::Uprobe { sites, .. } = attach else { return false };
    let mut costs = sites.iter().map(crate::artifact::SiteInfo::cost);
    let first = costs.next();
    costs.any(|cost| Some(cost) != first)
}

/// What sample the numbers will be of.
pub(crate) fn sampled(program: &typed::Program, options: &Options) -> Option<Sampled> {
    let one_in = options.sample.map(|sample| sample.one_in).filter(|one_in| *one_in > 1)?;
    let by = match (program.keeps_state, program.runtime) {
        (false, _) => SampledBy::Hits,
        (true, Some(_)) => SampledBy::Goroutines,
        (true, None) => SampledBy::Threads,
    };
    Some(Sampled { one_in, by })
}

/// The map of hits.
pub(super) fn hits_map(count: u32) -> MapDef {
    MapDef {
        name: HITS.to_owned(),
        kind: MapKind::PerCpuArray,
        key_size: 4,
        value_size: 8,
        max_entries: count,
        flags: 0,
    }
}

impl Builder<'_> {
    /// Counts a hit.
    pub(super) fn count_hit(&mut self, probe: &Probe, hits: Hits) {
        let first = i64::from(hits.first);
        let element = match hits.by_cost {
            false => Operand::Imm(first),
            true => {
                let cookie = match probe.cookie {
                    Some(cookie) => Operand::Imm(cookie.cast_signed()),
                    None => {
                        let context = self.context();
                        self.call(Helper::GetAttachCookie, vec![context.into()]).into()
                    }
                };
                let class =
                    self.bin(BinOp::Shr, cookie, Operand::Imm(i64::from(crate::artifact::COOKIE_COST)));
                let class = self.bin(BinOp::And, class.into(), Operand::Imm(3));
                self.bin(BinOp::Add, class.into(), Operand::Imm(first)).into()
            }
        };
        let slot = self.word_slot();
        let key = self.slot_addr(slot, 0);
        self.store(key, 0, element, Size::B4);
        let map = self.map_ref(self.shared.hits);
        let counter = self.call(Helper::MapLookupElem, vec![map.into(), key.into()]);
        self.when(Cond::Ne, counter.into(), Operand::Imm(0), |b| b.atomic_add(counter, 0, Operand::Imm(1)));
    }

    /// Leaves out what is not in the sample.
    pub(super) fn only_sample(&mut self, out: BlockId) {
        let Some((sample, by)) = self.shared.sample else { return };
        let drawn = match by {
            SampledBy::Hits => {
                let drawn = self.call(Helper::GetPrandomU32, Vec::new());
                self.extend(drawn.into(), Size::B4, false)
            }
            SampledBy::Goroutines | SampledBy::Threads => self.lot(sample.seed),
        };
        // Of all numbers of 32 bits, one in so many is below this.
        let limit = (1u64 << 32).div_ceil(u64::from(sample.one_in.max(1)));
        let limit = self.copy(Operand::Imm(limit.cast_signed()));
        let within = self.new_block();
        self.branch(Cond::Lt, drawn.into(), limit.into(), within, out);
        self.switch_to(within);
    }

    /// A number of 32 bits that is always the same for a goroutine; where there is none, for a thread.
    fn lot(&mut self, seed: u64) -> VReg {
        let whose = self.copy(Operand::Imm(0));
        if let Some(layout) = self.shared.runtime {
            let curg = self.known(Running::Curg, layout);
            let goid = self.field_or(curg, layout.g_goid, 8, false, 0);
            self.set(whose, goid.into());
        }
        self.when(Cond::Eq, whose.into(), Operand::Imm(0), |b| {
            let ids = b.call(Helper::GetCurrentPidTgid, Vec::new());
            let thread = b.extend(ids.into(), Size::B4, false);
            b.set(whose, thread.into());
        });
        let [first, second] = MIX.map(|number| Operand::Imm(number.cast_signed()));
        let (seed, first) = (self.copy(Operand::Imm(seed.cast_signed())), self.copy(first));
        let mixed = self.bin(BinOp::Xor, whose.into(), seed.into());
        let mixed = self.bin(BinOp::Mul, mixed.into(), first.into());
        let high = self.bin(BinOp::Shr, mixed.into(), Operand::Imm(32));
        let mixed = self.bin(BinOp::Xor, mixed.into(), high.into());
        let second = self.copy(second);
        let mixed = self.bin(BinOp::Mul, mixed.into(), second.into());
        self.bin(BinOp::Shr, mixed.into(), Operand::Imm(32))
    }
}
