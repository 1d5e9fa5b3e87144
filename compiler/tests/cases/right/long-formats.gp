config = { max_strlen = 16 }
begin {
  printf("a format is no string of the script: %d\n", pid);
}
