kprobe: { @ = count(); }
