#include <linux/sched.h>
begin { a(); }
