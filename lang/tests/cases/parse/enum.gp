enum color { RED, GREEN = 5, BLUE = 1 << 3, };
