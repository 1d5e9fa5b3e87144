//! What the scripts of one target share: maps in the kernel, and what records and their values mean.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use aya::maps::{Map, MapData, RingBuf};
use gprobe_compiler::artifact::{
    Action, Artifact, GO_STACKS, KERNEL_STACKS, LOSSES, Loss, MapInfo, RING, USER_STACKS,
};
use gprobe_compiler::target::KernelFacts;

use crate::error::{Error, explain};
use crate::load::Loaded;
use crate::sys::bpf;

/// Maps of gprobe's own that all scripts share: values of maps refer to them, or are counted together.
const SHARED: [&str; 5] = [RING, LOSSES, KERNEL_STACKS, USER_STACKS, GO_STACKS];

/// What scripts share.
pub(crate) struct Store {
    pub(crate) facts: KernelFacts,
    /// By their names in the objects.
    maps: BTreeMap<String, Arc<OwnedFd>>,
    /// Names of the scripts' own maps that are shared.
    shared: BTreeSet<String>,
    /// The scripts' maps.
    pub(crate) infos: Vec<MapInfo>,
    /// What records mean.
    pub(crate) actions: Vec<Action>,
    /// What scripts have lost that were forgotten.
    lost: [u64; Loss::ALL.len()],
}

impl Store {
    pub(crate) fn new(facts: KernelFacts) -> Self {
        let lost = [0; Loss::ALL.len()];
        Self {
            facts,
            maps: BTreeMap::new(),
            shared: BTreeSet::new(),
            infos: Vec::new(),
            actions: Vec::new(),
            lost,
        }
    }

    /// Takes over what a new script says of records and maps: all that the earlier ones do, and more. A script
    /// that was compiled before the last one has nothing new.
    pub(crate) fn learn(&mut self, artifact: &Artifact) {
        if artifact.maps.len() >= self.infos.len() {
            self.infos.clone_from(&artifact.maps);
        }
        if artifact.actions.len() >= self.actions.len() {
            self.actions.clone_from(&artifact.actions);
        }
        // What nothing is assigned to may still become another map.
        let assigned = artifact.maps.iter().filter(|map| map.assigned);
        self.shared.extend(assigned.map(|map| map.symbol.clone()));
    }

    /// Whether all scripts have one map of this name.
    pub(crate) fn is_shared(&self, name: &str) -> bool {
        SHARED.contains(&name) || self.shared.contains(name)
    }

    /// A map that is there already.
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<OwnedFd>> {
        self.maps.get(name)
    }

    /// Keeps a map for all scripts.
    pub(crate) fn keep(&mut self, name: &str, map: Arc<OwnedFd>) {
        self.maps.insert(name.to_owned(), map);
    }

    pub(crate) fn map(&self, name: &str) -> Option<BorrowedFd<'_>> {
        Some(self.maps.get(name)?.as_fd())
    }

    /// The ring buffer, to read from.
    pub(crate) fn ring(&self) -> Result<RingBuf<MapData>, Error> {
        let missing = |why: String| Error::Map { name: RING.into(), why };
        let map = self.map(RING).ok_or_else(|| missing("there is none".into()))?;
        let map = map.try_clone_to_owned().map_err(|error| missing(explain(&error)))?;
        let map = MapData::from_fd(map).map_err(|error| missing(error.to_string()))?;
        RingBuf::try_from(Map::RingBuf(map)).map_err(|error| missing(error.to_string()))
    }

    /// Keeps what a script has lost, which is forgotten now.
    pub(crate) fn forget(&mut self, loaded: &Loaded) {
        self.lost.iter_mut().zip(lost_by(loaded)).for_each(|(sum, lost)| *sum += lost);
    }

    /// What was lost of a kind by scripts that are gone.
    pub(crate) fn lost(&self, loss: Loss) -> u64 {
        self.lost.get(loss as usize).copied().unwrap_or(0)
    }
}

/// What a script's programs have lost besides what the map [`LOSSES`] counts.
pub(crate) fn lost_by(loaded: &Loaded) -> [u64; Loss::ALL.len()] {
    let mut lost = loaded.lost;
    let skipped =
        loaded.programs.iter().map(|program| bpf::runs(program.as_fd()).unwrap_or_default().skipped);
    if let Some(sum) = lost.get_mut(Loss::Reentered as usize) {
        *sum += skipped.sum::<u64>();
    }
    lost
}
