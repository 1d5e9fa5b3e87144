//! Programs with one body become one program.

use super::typed::Probe;
use crate::artifact::Attach;

/// Whether two probes differ in nothing but their sites.
pub(super) fn mergeable(old: &Probe, new: &Probe) -> bool {
    let same_place = match (&old.attach, &new.attach) {
        (Attach::Uprobe { binary: a, ret: x, .. }, Attach::Uprobe { binary: b, ret: y, .. }) => {
            a == b && x == y
        }
        _ => false,
    };
    same_place
        && old.kind == new.kind
        && old.g_in_r14 == new.g_in_r14
        && old.checks_flags == new.checks_flags
        && old.cookie.is_none()
        && new.cookie.is_none()
        && old.vars == new.vars
        && old.predicate == new.predicate
        && old.body == new.body
}

/// Gives a probe the sites of another.
pub(super) fn merge(old: &mut Probe, new: Probe) {
    if let (Attach::Uprobe { sites, .. }, Attach::Uprobe { sites: more, .. }) = (&mut old.attach, new.attach)
    {
        sites.extend(more);
    }
}
