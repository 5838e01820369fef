#include "items.h"

#include <stdio.h>
#include <string.h>

static const char *const words[] = {"amber",  "basil", "cedar",  "delta",  "ember", "fjord",  "glade",  "harbor",
                                    "indigo", "jasper", "kelp",   "lumen",  "maple", "north",  "ochre",  "pollen",
                                    "quartz", "river",  "saffron", "timber", "umber", "velvet", "willow", "zephyr"};
#define WORDS (sizeof words / sizeof *words)

static unsigned mix(unsigned value) {
    value ^= value >> 16;
    value *= 0x7feb352dU;
    value ^= value >> 15;
    value *= 0x846ca68bU;
    return value ^ (value >> 16);
}

// Fills exactly `length` bytes with words that follow from the seed.
static void describe(char *out, size_t length, unsigned seed) {
    size_t at = 0;
    while (at < length) {
        seed = mix(seed + 1);
        const char *word = words[seed % WORDS];
        size_t size = strlen(word);
        if (size > length - at) size = length - at;
        memcpy(out + at, word, size);
        at += size;
        if (at < length) out[at++] = ' ';
    }
}

#define PLAIN_HEAD                                                                                                     \
    "{\"id\":\"item-%07u\",\"name\":\"%s %s\",\"price\":%u.%02u,\"stock\":%u,\"active\":%s,\"tags\":[\"%s\",\"%s\"],"  \
    "\"size\":{\"w\":%u,\"h\":%u},\"updated_at\":\"2026-03-%02uT%02u:%02u:%02uZ\",\"t\":%llu,\"text\":\""
#define TYPED_HEAD                                                                                                     \
    "{\"id\":{\"S\":\"item-%07u\"},\"name\":{\"S\":\"%s %s\"},\"price\":{\"N\":\"%u.%02u\"},\"stock\":{\"N\":\"%u\"}," \
    "\"active\":{\"BOOL\":%s},\"tags\":{\"L\":[{\"S\":\"%s\"},{\"S\":\"%s\"}]},\"size\":{\"M\":{\"w\":{\"N\":\"%u\"}," \
    "\"h\":{\"N\":\"%u\"}}},\"updated_at\":{\"S\":\"2026-03-%02uT%02u:%02u:%02uZ\"},\"t\":{\"N\":\"%llu\"},"           \
    "\"text\":{\"S\":\""
#define VALUES                                                                                                         \
    index, words[seed % WORDS], words[(seed >> 5) % WORDS], 1 + seed % 999, 1 + (seed >> 7) % 99 / 10 * 10 + 1,        \
        seed % 5000, seed & 1 ? "true" : "false", words[(seed >> 9) % WORDS], words[(seed >> 13) % WORDS],             \
        1 + seed % 200, 1 + (seed >> 3) % 200, 1 + seed % 28, seed % 24, (seed >> 4) % 60, (seed >> 8) % 60, stamp

static size_t plain(char *out, unsigned index, unsigned long long stamp) {
    unsigned seed = mix(index);
    size_t head = (size_t)sprintf(out, PLAIN_HEAD, VALUES);
    size_t text = ITEM_BYTES - head - 2;
    describe(out + head, text, seed);
    memcpy(out + head + text, "\"}", 3);
    return ITEM_BYTES;
}

size_t item_plain(char *out, unsigned index) { return plain(out, index, 0); }

size_t item_dynamodb(char *out, unsigned index, unsigned long long stamp) {
    unsigned seed = mix(index);
    // The text is as long as the plain form needs it to be, so that both forms are one item.
    size_t text = ITEM_BYTES - 2 - (size_t)snprintf(NULL, 0, PLAIN_HEAD, VALUES);
    size_t head = (size_t)sprintf(out, TYPED_HEAD, VALUES);
    describe(out + head, text, seed);
    memcpy(out + head + text, "\"}}", 4);
    return head + text + 3;
}

size_t item_short(char *out, unsigned index, unsigned long long stamp) {
    return (size_t)sprintf(
        out, "{\"id\":{\"S\":\"item-%07u\"},\"name\":{\"S\":\"%s\"},\"stock\":{\"N\":\"%u\"},\"t\":{\"N\":\"%llu\"}}", index,
        words[mix(index) % WORDS], mix((unsigned)stamp) % 5000, stamp);
}
