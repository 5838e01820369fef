/* libdispatch counts the processors when it is loaded, by the affinity of the main thread, and makes as many threads for tasks. It knows
 * nothing of quotas: with one processor's time on a machine of 64, 64 threads would share it, be throttled together and need 64 stacks
 * and arenas. So the affinity says the quota while libdispatch looks, and `main` restores it. */
#include "CStart.h"

#include "CProcessors.h"

static unsigned long whole[PROCESSORS_MASK_WORDS];
static int is_narrowed;

/* Keeps the first `count` processors of the mask. */
__attribute__((disable_sanitizer_instrumentation)) static void narrow(unsigned long mask[PROCESSORS_MASK_WORDS], int count) {
    for (int index = 0; index < PROCESSORS_MASK_WORDS; index++) {
        unsigned long word = mask[index], kept = 0;
        for (; word && count > 0; count--) {
            kept |= word & -word;
            word &= word - 1;
        }
        mask[index] = kept;
    }
}

__attribute__((disable_sanitizer_instrumentation)) static void before_runtime(void) {
    int allowed = processors_allowed(whole);
    int usable = processors_usable(allowed, processors_quota(""));
    if (usable >= allowed) return;
    unsigned long mask[PROCESSORS_MASK_WORDS];
    for (int index = 0; index < PROCESSORS_MASK_WORDS; index++) mask[index] = whole[index];
    narrow(mask, usable);
    is_narrowed = processors_allow(mask) == 0;
}

/* The loader calls these before the constructors of every library, so it holds however the Swift runtime is linked. */
__attribute__((section(".preinit_array"), used, retain)) static void (*const hook)(void) = before_runtime;

void start_restore_processors(void) {
    if (is_narrowed) processors_allow(whole);
    is_narrowed = 0;
}
