kretprobe:vfs_read+4 { @ = count(); }
