begin { print('x'); }
