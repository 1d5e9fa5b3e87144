interval:1s { print(gostack); }
