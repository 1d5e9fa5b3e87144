//! What conditional jumps ask of the flags.

use iced_x86::{ConditionCode, Instruction};

/// What flags say (Intel's manual, volume 1, appendix B).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// ZF
    Equal,
    /// SF
    Negative,
    /// SF is not OF
    Less,
    /// ZF, or SF is not OF
    LessOrEqual,
    /// CF
    Below,
    /// CF or ZF
    BelowOrEqual,
}

/// A condition that holds, or one that does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlagTest {
    /// The condition.
    pub condition: Condition,
    /// Whether it holds.
    pub holds: bool,
}

impl FlagTest {
    pub(crate) fn new(condition: Condition, holds: bool) -> Self {
        Self { condition, holds }
    }

    /// The opposite.
    pub(crate) fn not(self) -> Self {
        Self { holds: !self.holds, ..self }
    }

    /// When a conditional jump is taken; `None` where it asks for what is not known here.
    pub(crate) fn of(jump: &Instruction) -> Option<Self> {
        use Condition::{Below, BelowOrEqual, Equal, Less, LessOrEqual, Negative};
        let (condition, holds) = match jump.condition_code() {
            ConditionCode::e => (Equal, true),
            ConditionCode::ne => (Equal, false),
            ConditionCode::s => (Negative, true),
            ConditionCode::ns => (Negative, false),
            ConditionCode::l => (Less, true),
            ConditionCode::ge => (Less, false),
            ConditionCode::le => (LessOrEqual, true),
            ConditionCode::g => (LessOrEqual, false),
            ConditionCode::b => (Below, true),
            ConditionCode::ae => (Below, false),
            ConditionCode::be => (BelowOrEqual, true),
            ConditionCode::a => (BelowOrEqual, false),
            _ => return None,
        };
        Some(Self { condition, holds })
    }
}
