func main() { print(1); }
