/* A shared library with one of each kind of thing that the readers look for in C's files. */

struct point {
	int x : 5;
	int y : 11;
	unsigned long flags;
};

typedef const struct point *place;

enum colour { RED = -1, GREEN, BLUE };

union number {
	long whole;
	double real;
	struct {
		char low, high;
	};
};

struct tree {
	struct tree *left, *right;
	union number number;
	enum colour colour;
	int grid[3][4];
	int (*visit)(struct tree *, place);
};

struct tree root;
volatile int counter;
unsigned short busy_semaphore __attribute__((section(".probes")));

/* As <sys/sdt.h> writes it. */
#define PROBE(name, semaphore, arguments)                                                             \
	__asm__ volatile("990: nop\n"                                                                 \
	                 ".pushsection .note.stapsdt,\"\",\"note\"\n"                                 \
	                 ".balign 4\n"                                                                \
	                 ".4byte 992f-991f, 994f-993f, 3\n"                                           \
	                 "991: .asciz \"stapsdt\"\n"                                                  \
	                 "992: .balign 4\n"                                                           \
	                 "993: .8byte 990b\n"                                                         \
	                 ".8byte _.stapsdt.base\n"                                                    \
	                 ".8byte " semaphore "\n"                                                     \
	                 ".asciz \"library\"\n"                                                       \
	                 ".asciz \"" name "\"\n"                                                      \
	                 ".asciz \"" arguments "\"\n"                                                 \
	                 "994: .balign 4\n"                                                           \
	                 ".popsection\n"                                                              \
	                 ".ifndef _.stapsdt.base\n"                                                   \
	                 ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"      \
	                 ".weak _.stapsdt.base\n.hidden _.stapsdt.base\n"                             \
	                 "_.stapsdt.base: .space 1\n.size _.stapsdt.base, 1\n"                        \
	                 ".popsection\n.endif\n")

static inline int sum(place p, int by) { return p->x * by + p->y; }

int visit(struct tree *tree, place p)
{
	PROBE("visit", "0", "8@%rdi -4@$5 8@-16(%rbp,%rax,8) 4@counter(%rip)");
	if (!tree)
		return sum(p, 2);
	return visit(tree->left, p) + visit(tree->right, p) + sum(p, counter);
}

long busy(long n, double ratio, union number *numbers)
{
	long total = 0;
	PROBE("busy", "busy_semaphore", "-8@%ah 2@%r9w 8f@%xmm0 8@counter+8(%rip)");
	for (long i = 0; i < n; i++) {
		struct point here = { .x = (int)i, .y = 1, .flags = 2 };
		numbers[i].real *= ratio;
		total += visit(&root, &here) + sum(&here, 3) + numbers[i].whole;
	}
	return total;
}
