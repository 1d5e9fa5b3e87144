go:main.f /pid == 1 && arg0 > 2/ { 1 }
