// A program of C that runs the Go program as a library.
void matrixMain(void);

int main(void) {
	matrixMain();
	return 0;
}
