/* a /* b */ c */
begin { exit(); }
