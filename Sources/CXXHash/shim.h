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
#endif
