#ifndef TABLECAST_CXXHASH_SHIM_H
#define TABLECAST_CXXHASH_SHIM_H
#define XXH_INLINE_ALL
#include <xxhash.h>

/* XXH3-128 of `length` bytes at `bytes`, its two halves in `high_low[0]` and `high_low[1]`. */
static inline void tablecast_xxh3_128(const void *bytes, size_t length, unsigned long long high_low[2]) {
    XXH128_hash_t hash = XXH3_128bits(bytes, length);
    high_low[0] = hash.high64;
    high_low[1] = hash.low64;
}

/* The same of bytes that come piece by piece. Null when there is no memory. */
static inline void *tablecast_xxh3_begin(void) {
    XXH3_state_t *state = XXH3_createState();
    if (state != NULL) XXH3_128bits_reset(state);
    return state;
}

static inline void tablecast_xxh3_add(void *state, const void *bytes, size_t length) {
    XXH3_128bits_update((XXH3_state_t *)state, bytes, length);
}

static inline void tablecast_xxh3_halves(const void *state, unsigned long long high_low[2]) {
    XXH128_hash_t hash = XXH3_128bits_digest((const XXH3_state_t *)state);
    high_low[0] = hash.high64;
    high_low[1] = hash.low64;
}

static inline void tablecast_xxh3_end(void *state) {
    XXH3_freeState((XXH3_state_t *)state);
}
#endif
