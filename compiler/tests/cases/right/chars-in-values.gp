struct named { char name[10]; uint32 id; };
begin {
  $pair = (*(struct named *)nsecs, 1);
  $record = (x = *(struct named *)nsecs, y = 1);
  @by_name[$pair.0.name] = len($record.x.name);
  @same = $pair.0.name == "x" || strncmp($record.x.name, comm, 4) == 0;
  @first = $pair.0.name[0];
  @bytes = buf($pair.0.name, 4);
  @either = pid > 1 ? $pair.0.name : "none";
  @hardware = macaddr($pair.0.name);
  printf("%s\n", $record.x.name);
}
