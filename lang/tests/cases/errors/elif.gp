begin { if (a) { } elif (b) { } }
