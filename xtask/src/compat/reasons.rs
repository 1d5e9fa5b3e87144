//! Why cases fail, for the report that is kept with the documentation.

/// Cases by `suite.name`, or by the name's beginning up to a `*`, each with what gprobe does instead and why.
const REASONS: &[(&str, &str)] = &[
    (
        "array.array element access - out of bounds runtime",
        "an index past the end reads 0, without a warning",
    ),
    ("basic.it shows version", "gprobe says its own name and version"),
    ("basic.it shows usage *", "`gprobe --help` has other words"),
    ("basic.parallel map access", "a probe every 100 ns is refused: 10,000 a second are the most"),
    ("basic.has_key error type mismatch", "the same error in other words"),
    ("call.printf_length_modifiers", "`%x` prints all 64 bits of a number"),
    ("call.errorf_length_modifiers", "`%x` prints all 64 bits of a number"),
    ("call.warnf_length_modifiers", "`%x` prints all 64 bits of a number"),
    (
        "call.errorf_macro_expansion",
        "an error in a macro shows its place in the macro, not the place of its use",
    ),
    ("call.str_big_for", "a map of strings of 9,999 bytes is more than a loop over it can hold"),
    ("call.ustack_stack_mode_env_bpftrace", "frames of C code have no source lines yet"),
    ("call.ustack_stack_mode_build_id", "stacks of build ids and offsets are not there"),
    ("call.ustack_with_inlined_funcs*", "frames of C code do not show inlined calls yet"),
    ("call.uaddr*", "`uaddr` is not there"),
    ("call.bswap_int64_op", "a number that is small enough for 32 bits is swapped as one of 32 bits"),
    ("call.debugf*", "`debugf` is not there: it writes to the kernel's trace, which belongs to all"),
    ("call.write_user*", "gprobe never writes to the target"),
    ("dwarf.uprobe source location*", "probes at lines of C files are not there"),
    ("dwarf.parse stripped debuginfo*", "debug information in a file of its own is not looked for yet"),
    ("dwarf.parse DWO*", "debug information split into `.dwo` files is not read"),
    ("dwarf.parse DWP*", "debug information split into a `.dwp` file is not read"),
    ("dwunwind.*", "C stacks are unwound by frame pointers, not by DWARF"),
    ("intcast.Sum casted retval", "depends on the moment: its two probes race"),
    ("json-output.invalid_format", "a wrong command line is answered in other words"),
    ("json-output.join_delim", "quotes in `-c` are taken away, as a shell does"),
    ("json-output.helper_error", "the place is that of the whole expression, one column before"),
    ("macro.it accepts typeof expressions for nested casts", "a macro's argument is no type in a cast"),
    ("map.map declaration *", "a full map is told at the end, with the number of lost entries"),
    ("other.named command line params before double dash", "a wrong command line is answered in other words"),
    ("other.sigint under heavy load", "each `system` that was asked for is run before it ends"),
    ("other.bitfield_access_2", "signed bit fields are read as unsigned"),
    ("other.runtime_error_check_lookup", "a look-up that finds nothing is 0, without a warning"),
    ("pid_namespace.pid_tid_inside", "inside a PID namespace the kernel's own PIDs are not shown"),
    ("pid_namespace.ustack_inside", "the function's first instructions are not skipped"),
    ("probe.uprobe_address_fail_resolve", "the same error in other words"),
    ("probe.uprobe_zero_size*", "symbols without a size are not probed, not even unsafely"),
    ("probe.rawtracepoint_missing", "the same error in other words"),
    (
        "probe.probe_builtin_string_compare",
        "`probe` is a value of its own type, which is printed and compared only",
    ),
    ("probe.uprobe_flat_binary", "files that are not ELF have no functions to probe"),
    ("probe.uprobe_zip_archive", "libraries inside archives are not probed"),
    ("record.record evaluation order", "a variable keeps the order of its record's fields"),
    ("regression.stack modes and size", "stacks of build ids and offsets are not there"),
    ("stdlib.assert_macro", "the same error in other words"),
    ("stdlib.signal_name", "`signal_name(2)` is SIGINT, not Interrupt"),
    ("stdlib.container_of", "`container_of` is not there"),
    ("tuples.bytearray in tuple", "a name in a tuple is printed with its offset"),
    ("variable.*", "`if` needs parentheses"),
];

/// The reason that is known for a case.
pub(crate) fn known(id: &str) -> Option<&'static str> {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => id.starts_with(start),
        None => id == pattern,
    };
    REASONS.iter().find(|(pattern, _)| fits(pattern)).map(|(_, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn reasons_are_found_by_name_and_by_its_beginning() {
        assert_eq!(known("call.uaddr pie elf"), Some("`uaddr` is not there"));
        assert!(known("stdlib.container_of").is_some());
        assert_eq!(known("stdlib.container_of more"), None);
    }
}
