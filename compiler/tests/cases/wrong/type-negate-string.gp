begin { print(-"a"); }
