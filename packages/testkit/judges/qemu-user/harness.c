/*
 * Runs single s390x instructions on states that stdin brings, and writes the states that they leave.
 *
 * Input: groups of { instruction bytes [6], length, 0, case count (32 bits), cases }. Registers at the instruction:
 * fpr 0-15 from the case, gr 2-4 from the case, gr 5 = address of `first`, gr 6 = address of `second`.
 * A signal ends the instruction; its number and code are recorded and the registers read as the signal found them.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

struct state {
    uint32_t fpc;      /* 0 */
    uint32_t cc;       /* 4 */
    uint64_t fpr[16];  /* 8 */
    uint64_t gr[4];    /* 136: gr 2, 3, 4; the fourth is unused */
    uint8_t first[64]; /* 168 */
    uint8_t second[64];/* 232 */
    uint32_t signal;   /* 296 */
    uint32_t code;     /* 300 */
};

struct group {
    uint8_t instruction[6];
    uint8_t length;
    uint8_t zero;
    uint32_t count;
};

extern void run(struct state *state, void *code);

__asm__(
    ".text\n.globl run\n.type run,@function\nrun:\n"
    " stmg %r6,%r15,48(%r15)\n"
    " aghi %r15,-240\n"
    " std %f8,160(%r15)\n std %f9,168(%r15)\n std %f10,176(%r15)\n std %f11,184(%r15)\n"
    " std %f12,192(%r15)\n std %f13,200(%r15)\n std %f14,208(%r15)\n std %f15,216(%r15)\n"
    " stfpc 224(%r15)\n"
    " lgr %r13,%r2\n lgr %r1,%r3\n"
    " lfpc 0(%r13)\n"
    " ld %f0,8(%r13)\n ld %f1,16(%r13)\n ld %f2,24(%r13)\n ld %f3,32(%r13)\n"
    " ld %f4,40(%r13)\n ld %f5,48(%r13)\n ld %f6,56(%r13)\n ld %f7,64(%r13)\n"
    " ld %f8,72(%r13)\n ld %f9,80(%r13)\n ld %f10,88(%r13)\n ld %f11,96(%r13)\n"
    " ld %f12,104(%r13)\n ld %f13,112(%r13)\n ld %f14,120(%r13)\n ld %f15,128(%r13)\n"
    " l %r0,4(%r13)\n sll %r0,28\n spm %r0\n"
    " lmg %r2,%r4,136(%r13)\n"
    " la %r5,168(%r13)\n la %r6,232(%r13)\n"
    " basr %r14,%r1\n"
    " ipm %r0\n srl %r0,28\n st %r0,4(%r13)\n"
    " stfpc 0(%r13)\n"
    " std %f0,8(%r13)\n std %f1,16(%r13)\n std %f2,24(%r13)\n std %f3,32(%r13)\n"
    " std %f4,40(%r13)\n std %f5,48(%r13)\n std %f6,56(%r13)\n std %f7,64(%r13)\n"
    " std %f8,72(%r13)\n std %f9,80(%r13)\n std %f10,88(%r13)\n std %f11,96(%r13)\n"
    " std %f12,104(%r13)\n std %f13,112(%r13)\n std %f14,120(%r13)\n std %f15,128(%r13)\n"
    " stmg %r2,%r4,136(%r13)\n"
    " lfpc 224(%r15)\n"
    " ld %f8,160(%r15)\n ld %f9,168(%r15)\n ld %f10,176(%r15)\n ld %f11,184(%r15)\n"
    " ld %f12,192(%r15)\n ld %f13,200(%r15)\n ld %f14,208(%r15)\n ld %f15,216(%r15)\n"
    " lmg %r6,%r15,288(%r15)\n"
    " br %r14\n");

static volatile int caught_signal, caught_code;

static void on_signal(int number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    caught_signal = number;
    caught_code = info->si_code;
    uc->uc_mcontext.psw.addr = uc->uc_mcontext.gregs[14];
}

static void must_read(void *to, size_t size)
{
    if (fread(to, size, 1, stdin) != 1) {
        exit(3);
    }
}

int main(void)
{
    static const int signals[] = { SIGFPE, SIGILL, SIGSEGV, SIGTRAP };
    struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
    uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct group group;

    if (code == MAP_FAILED) {
        return 2;
    }
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigaction(signals[i], &action, NULL);
    }
    while (fread(&group, sizeof(group), 1, stdin) == 1) {
        memcpy(code, group.instruction, group.length);
        code[group.length] = 0x07; /* br %r14 */
        code[group.length + 1] = 0xfe;
        for (uint32_t i = 0; i < group.count; i++) {
            struct state state;
            must_read(&state, sizeof(state));
            caught_signal = caught_code = 0;
            run(&state, code);
            state.signal = caught_signal;
            state.code = caught_code;
            if (fwrite(&state, sizeof(state), 1, stdout) != 1) {
                return 4;
            }
        }
    }
    return 0;
}
