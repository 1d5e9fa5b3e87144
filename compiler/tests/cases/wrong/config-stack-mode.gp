config = { stack_mode = gdb }
begin { exit(); }
