enum color { RED: 1 };
begin { exit(); }
