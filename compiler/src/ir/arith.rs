//! What operations and comparisons compute: the one definition that folding, evaluation and tests
//! share.

use super::{BinOp, Cond, Size};

impl BinOp {
    /// The result, as BPF has it.
    pub fn apply(self, a: i64, b: i64) -> i64 {
        let (left, right) = (a.cast_unsigned(), b.cast_unsigned());
        // Counts beyond 63 wrap.
        let count = b as u32;
        match self {
            Self::Add => a.wrapping_add(b),
            Self::Sub => a.wrapping_sub(b),
            Self::Mul => a.wrapping_mul(b),
            Self::Div => left.checked_div(right).unwrap_or(0).cast_signed(),
            Self::Rem => left.checked_rem(right).unwrap_or(left).cast_signed(),
            Self::And => a & b,
            Self::Or => a | b,
            Self::Xor => a ^ b,
            Self::Shl => a.wrapping_shl(count),
            Self::Shr => left.wrapping_shr(count).cast_signed(),
            Self::Sar => a.wrapping_shr(count),
        }
    }
}

impl Cond {
    /// Whether it is true.
    pub fn holds(self, a: i64, b: i64) -> bool {
        let (left, right) = (a.cast_unsigned(), b.cast_unsigned());
        match self {
            Self::Eq => a == b,
            Self::Ne => a != b,
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Gt => left > right,
            Self::Ge => left >= right,
            Self::SLt => a < b,
            Self::SLe => a <= b,
            Self::SGt => a > b,
            Self::SGe => a >= b,
        }
    }
}

impl Size {
    /// The low bytes of `value`, extended to 64 bits.
    pub fn extend(self, value: i64, signed: bool) -> i64 {
        match (self, signed) {
            (Self::B1, false) => i64::from(value as u8),
            (Self::B2, false) => i64::from(value as u16),
            (Self::B4, false) => i64::from(value as u32),
            (Self::B1, true) => i64::from(value as i8),
            (Self::B2, true) => i64::from(value as i16),
            (Self::B4, true) => i64::from(value as i32),
            (Self::B8, _) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BinOp, Cond, Size};

    #[test]
    fn division_by_zero_is_defined() {
        assert_eq!(BinOp::Div.apply(7, 0), 0);
        assert_eq!(BinOp::Rem.apply(-7, 0), -7);
        assert_eq!(BinOp::Div.apply(-1, 2), i64::MAX);
    }

    #[test]
    fn shift_counts_wrap_at_64() {
        assert_eq!(BinOp::Shl.apply(1, 65), 2);
        assert_eq!(BinOp::Shr.apply(-1, 63), 1);
        assert_eq!(BinOp::Sar.apply(-8, 1), -4);
        assert_eq!(BinOp::Shl.apply(1, -1), i64::MIN);
    }

    #[test]
    fn comparisons_differ_in_sign() {
        assert!(Cond::Gt.holds(-1, 1) && Cond::SLt.holds(-1, 1));
        assert_eq!(Size::B2.extend(-1, false), 0xffff);
        assert_eq!(Size::B2.extend(0x8000, true), -0x8000);
    }
}
