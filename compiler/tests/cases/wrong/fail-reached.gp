begin { fail("this script needs Go 1.%d", 21); }
