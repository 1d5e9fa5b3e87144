//! bpftrace, to measure against: fetched into the cache beside whatever the system has.
