interval { exit(); }
